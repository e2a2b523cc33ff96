import Tenancy
import Testing
import Text

@testable import Work

/// What becomes of moments at which nobody ran the job.
@Suite struct MissedRunsTests {
    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private func successor(
        _ policy: MissedRuns, of text: String, started: String?, at now: String, _ schedule: JobSchedule
    ) throws -> String? {
        let zone = try #require(TimeZone("UTC"))
        return try policy.successor(
            of: moment(text), started: started.map { try moment($0) }, at: moment(now), schedule, in: zone)?.text
    }

    @Test func oneRunForAllThatWereMissed() throws {
        let next = try successor(
            .once, of: "2026-01-01T02:00:00Z", started: "2026-01-04T09:00:00Z", at: "2026-01-04T09:05:00Z",
            .daily(TimeOfDay(2)))
        #expect(next == "2026-01-05T02:00:00Z")
        let long = try successor(
            .once, of: "2026-01-01T00:00:00Z", started: "2026-01-01T00:00:01Z", at: "2026-01-01T00:12:00Z",
            .every(minutes: 5))
        #expect(long == "2026-01-01T00:05:00Z")
    }

    @Test func eachMomentHasItsRunUpToSoMany() throws {
        func next(_ count: Int) throws -> String? {
            try successor(
                .all(max: count), of: "2026-01-01T02:00:00Z", started: nil, at: "2026-01-05T09:00:00Z",
                .daily(TimeOfDay(2)))
        }
        #expect(try next(10) == "2026-01-02T02:00:00Z" && next(4) == "2026-01-02T02:00:00Z")
        #expect(try next(2) == "2026-01-04T02:00:00Z" && next(1) == "2026-01-05T02:00:00Z")
        let none = try successor(
            .all(max: 3), of: "2026-01-05T02:00:00Z", started: nil, at: "2026-01-05T09:00:00Z", .daily(TimeOfDay(2)))
        #expect(none == "2026-01-06T02:00:00Z")
    }

    @Test func whatIsTooLateIsLeftOut() throws {
        let policy = MissedRuns.skip(lateBy: .seconds(3600))
        #expect(try !policy.leavesOut(moment("2026-01-01T02:00:00Z"), at: moment("2026-01-01T03:00:00Z")))
        #expect(try policy.leavesOut(moment("2026-01-01T02:00:00Z"), at: moment("2026-01-01T03:00:01Z")))
        func next(at now: String) throws -> String? {
            try successor(policy, of: "2026-01-01T02:00:00Z", started: nil, at: now, .daily(TimeOfDay(2)))
        }
        #expect(try next(at: "2026-01-04T02:30:00Z") == "2026-01-04T02:00:00Z")
        #expect(try next(at: "2026-01-04T03:00:00Z") == "2026-01-04T02:00:00Z")
        #expect(try next(at: "2026-01-04T03:30:00Z") == "2026-01-05T02:00:00Z")
    }
}
