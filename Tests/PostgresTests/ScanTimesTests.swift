import Tenancy
import Testing

@testable import Postgres

/// What is known of how long statements take.
@Suite struct ScanTimesTests {
    @Test func aScanIsAsQuickAsTheQuickerOfItsLastTwoRuns() {
        var times = ScanTimes()
        let key = ScanTimes.Key(tenant: TenantID(RecordID.make()), scan: 1)
        #expect(times.nanoseconds(key) == nil)
        for (time, known) in [(9, 9), (2, 2), (7, 2), (8, 7), (3, 3)] as [(UInt64, UInt64)] {
            times.note(key, nanoseconds: time, isWhole: true)
            #expect(times.nanoseconds(key) == known)
        }
        times.note(key, nanoseconds: ScanClass.longFrom, isWhole: false)
        #expect(times.nanoseconds(key) == ScanClass.longFrom)
    }

    /// One value may be rare and the next one frequent: a quick run does not let the slow ones through.
    @Test func aScanThatVariesIsQuickAfterSeveralQuickRuns() {
        var times = ScanTimes()
        let key = ScanTimes.Key(tenant: TenantID(RecordID.make()), scan: Scan(1, varies: true))
        func scanClass() -> ScanClass { ScanClass(nanoseconds: times.nanoseconds(key)) }
        for _ in 0..<ScanTimes.quickCountMin {
            #expect(scanClass() == .alone)
            times.note(key, nanoseconds: 50_000, isWhole: true)
        }
        #expect(scanClass() == .quick)
        times.note(key, nanoseconds: ScanClass.longFrom, isWhole: false)
        for _ in 0..<ScanTimes.quickCountMin {
            #expect(scanClass() == .long)
            times.note(key, nanoseconds: 50_000, isWhole: true)
        }
        #expect(scanClass() == .quick)
        times.note(key, nanoseconds: 2 * ScanClass.aloneFrom, isWhole: true)
        #expect(scanClass() == .alone)
    }
}

extension Scan: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}
