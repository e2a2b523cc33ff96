import Tenancy
import Testing

@testable import ServiceHost

@Suite struct WriteSweepTests {
    private let one = TenantID(.make())
    private let other = TenantID(.make())

    @Test func onlyWhatWasWrittenSinceIsFound() {
        var sweep = WriteSweep()
        #expect(Set(sweep.changed([one: 3, other: 0])) == [one, other])
        #expect(sweep.changed([one: 3, other: 0]).isEmpty)
        #expect(sweep.changed([one: 4, other: 0]) == [one])
        #expect(sweep.changed([one: 4, other: 0]).isEmpty)
    }

    /// PostgreSQL forgets its counts in a crash, and a workspace may come from elsewhere.
    @Test func fewerRowsAndNewTenantsAreFound() {
        var sweep = WriteSweep()
        _ = sweep.changed([one: 3])
        #expect(sweep.changed([one: 0]) == [one])
        #expect(sweep.changed([one: 0, other: 0]) == [other])
        #expect(sweep.changed([one: 0]).isEmpty)
        #expect(sweep.changed([one: 0, other: 0]) == [other])
    }

    @Test func whereNothingIsCountedAllAreFoundEachTime() {
        var sweep = WriteSweep()
        _ = sweep.changed([one: 3, other: nil])
        for _ in 0..<2 { #expect(sweep.changed([one: 3, other: nil]) == [other]) }
    }
}
