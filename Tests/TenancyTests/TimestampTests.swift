import Testing

@testable import Tenancy

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-02-29T12:34:56.5Z", 951_827_696_500_000),
        ("2026-11-21T21:55:00Z", 1_795_298_100_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ])
    func readsAndWrites(_ text: String, _ microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
        #expect(Timestamp(microseconds: microseconds).text == text)
    }

    @Test(arguments: [
        ("2026-11-21T23:55:00+02:00", "2026-11-21T21:55:00Z"), ("2026-11-21 21:55:00z", "2026-11-21T21:55:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"), ("2026-11-20T20:00:00-04:30", "2026-11-21T00:30:00Z"),
        ("2026-11-21T00:00:00.123456789Z", "2026-11-21T00:00:00.123456Z"),
    ])
    func readsOtherForms(_ text: String, _ canonical: String) {
        #expect(Timestamp(text)?.text == canonical)
    }

    @Test(arguments: [
        "0001-01-01T00:30:00+02:00", "9999-12-31T23:30:00-01:00",
        "", "2026", "2026-02-29", "2026-13-01", "2026-11-21T", "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z",
        "2026-11-21T23:59:60Z", "2026-11-21T23:59:59", "2026-11-21T23:59:59.Z", "2026-11-21T23:59:59Zx",
        "2026-11-21T23:59:59+1:00", "2026-1-1", "+026-01-01", "2026-11-21T23:59:59.1234567890Z", "２０２６-11-21",
    ])
    func refusesOtherText(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func daysRoundTripOverTheWholeCalendar() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let day = CalendarDay(daysSince1970: Int.random(in: -719_162...2_932_896, using: &random))
            #expect(CalendarDay(day.text) == day)
        }
        #expect(CalendarDay("1900-02-29") == nil)
        #expect(CalendarDay("2000-02-29") != nil)
    }
}
