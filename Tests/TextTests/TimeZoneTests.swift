import Testing

@testable import Text

@Suite struct TimeZoneTests {
    @Test func clocksAreToldForAllDaysOfACalendar() throws {
        let berlin = try #require(TimeZone("Europe/Berlin"))
        #expect(berlin.offset(at: 0) == 3_600 && berlin.offset(at: 1_752_000_000) == 7_200)
        #expect(berlin.offset(at: -62_135_596_800) == 3_208 && berlin.offset(at: 253_402_214_400) == 3_600)
    }

    /// What ICU cannot tell is not taken for UTC.
    @Test(arguments: [Int64.min, -1_000_000_000_000_000, 1_000_000_000_000_000, .max])
    func momentsBeyondACalendarHaveNoOffset(_ seconds: Int64) throws {
        #expect(try #require(TimeZone("Asia/Tokyo")).knownOffset(at: seconds) == nil)
    }
}
