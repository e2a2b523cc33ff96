import Testing

@testable import RPC

@Suite struct AdmissionControlTests {
    /// A class, so that `#expect` can call what changes it.
    private final class Control {
        typealias Base = AdmissionControl<String, Int>
        private var base: Base

        init(running: Int = 2, queued: Int = 8, perTenant: Int = 4) {
            var limits = AdmissionLimits(runningMax: running)
            limits.queuedMax = queued
            limits.queuedPerTenantMax = perTenant
            base = Base(limits)
        }

        func arrive(_ call: Int, of owner: String = "a", left: UInt64? = nil) -> Base.Decision {
            let deadline = left.map { Deadline(nanoseconds: 1_000 + $0) } ?? .never
            return base.arrive(call, of: owner, cost: 1, deadline: deadline, now: 1_000)
        }

        func next() -> Int? { base.next() }
        func ended(_ owner: String = "a", afterNanoseconds elapsed: UInt64) {
            base.ended(of: owner, afterNanoseconds: elapsed)
        }
        func withdraw(_ call: Int, of owner: String) { base.withdraw(of: owner) { $0 == call } }
        var average: UInt64 { base.averageNanoseconds }
        var runningCount: Int { base.runningCount }
        var queuedCount: Int { base.queuedCount }
    }

    @Test func callsBeginAtOnceWhileThereIsRoom() {
        let control = Control()
        #expect(control.arrive(1) == .run)
        #expect(control.arrive(2, of: "b") == .run)
        #expect(control.arrive(3) == .wait)
        #expect(control.next() == nil)
        control.ended(afterNanoseconds: 10)
        #expect(control.next() == 3)
        #expect(control.next() == nil)
        #expect(control.runningCount == 2 && control.queuedCount == 0)
    }

    /// Slow calls of one tenant leave as many places as they take, those of two leave a third, and so on.
    @Test func oneTenantNeverHasMorePlacesThanAreLeft() {
        let control = Control(running: 8)
        for call in 1...4 { #expect(control.arrive(call) == .run) }
        #expect(control.arrive(5) == .wait)
        #expect(control.next() == nil)
        // In line behind it, and yet the one whose turn it is.
        #expect(control.arrive(6, of: "b") == .wait)
        #expect(control.next() == 6)
        #expect(control.arrive(7, of: "b") == .wait)
        #expect(control.next() == 7)
        #expect(control.arrive(8, of: "b") == .wait)
        #expect(control.next() == nil)
        #expect(control.arrive(9, of: "c") == .wait)
        #expect(control.next() == 9)
        for _ in 1...2 { control.ended(afterNanoseconds: 10) }
        let next = control.next()
        #expect(next == 5 || next == 8)
    }

    /// Room that a waiting call is about to take is no room for one that comes later.
    @Test func nobodyOvertakesTheQueue() {
        let control = Control(running: 1)
        #expect(control.arrive(1) == .run)
        #expect(control.arrive(2) == .wait)
        control.ended(afterNanoseconds: 10)
        #expect(control.arrive(3, of: "b") == .wait)
        #expect(control.next() == 2)
    }

    @Test func theQueueIsBoundedForEachTenantAndForAll() {
        let control = Control(running: 1, queued: 6, perTenant: 4)
        #expect(control.arrive(0) == .run)
        for call in 1...4 { #expect(control.arrive(call) == .wait) }
        #expect(control.arrive(5) == .refuse(expectedWait: 0))
        #expect(control.arrive(6, of: "b") == .wait)
        #expect(control.arrive(7, of: "c") == .wait)
        #expect(control.arrive(8, of: "d") == .refuse(expectedWait: 0))
    }

    /// Calls took a second each. With one before it and one of its own kind running, a call needs two seconds.
    @Test func whatCouldNotEndInTimeIsRefusedAtOnce() {
        let control = Control(running: 1)
        let second: UInt64 = 1_000_000_000
        for _ in 0..<200 {
            #expect(control.arrive(0) == .run)
            control.ended(afterNanoseconds: second)
        }
        #expect(control.average > second * 99 / 100)
        #expect(control.arrive(1) == .run)
        guard case .refuse(let wait) = control.arrive(2, left: second / 2) else {
            Issue.record("a call with half a second left was queued")
            return
        }
        #expect(wait > second * 9 / 10 && wait <= second)
        #expect(control.arrive(3, left: 3 * second) == .wait)
        // A tenant that has nothing queued is served after one call of the other, not after all of them.
        for call in 4...6 { #expect(control.arrive(call) == .wait) }
        #expect(control.arrive(7, of: "b", left: 3 * second + second / 2) == .wait)
    }

    @Test func aCallThatGaveUpIsNeverBegun() {
        let control = Control(running: 1)
        #expect(control.arrive(1) == .run)
        #expect(control.arrive(2) == .wait)
        #expect(control.arrive(3) == .wait)
        control.withdraw(2, of: "a")
        control.ended(afterNanoseconds: 1)
        #expect(control.next() == 3)
    }
}
