/// Decides which calls are worked on, which wait and which are refused. Pure: no clock, no I/O; the transport tells it of calls and of
/// the time (monotonic nanoseconds), and begins the calls that it names.
///
/// While fewer calls run than may, a call begins at once. Otherwise it waits, and tenants take turns (`FairQueue`). A call that could
/// not end in time is refused when it comes, not after it has waited in vain: how long calls take is known from those that ended.
package struct AdmissionControl<Owner: Hashable, Call> {
    package enum Decision: Sendable, Hashable {
        /// Begin it.
        case run
        /// It waits; `next` names it when its turn has come.
        case wait
        /// Refuse it: so many nanoseconds would pass until its turn.
        case refuse(expectedWait: UInt64)
    }

    private let limits: AdmissionLimits
    private var queue: FairQueue<Owner, Call>
    /// Calls begun and not ended.
    package private(set) var runningCount = 0
    /// Nanoseconds that a call takes from its beginning to its end; a moving average over some sixteen calls.
    package private(set) var averageNanoseconds: UInt64 = 0

    package init(_ limits: AdmissionLimits) {
        precondition(limits.runningMax > 0, "a server that runs no call serves nothing")
        self.limits = limits
        queue = FairQueue(quantum: limits.quantum)
    }

    /// Calls that wait.
    package var queuedCount: Int { queue.count }

    /// A call has come.
    package mutating func arrive(_ call: Call, of owner: Owner, cost: Int, deadline: Deadline, now: UInt64) -> Decision
    {
        if runningCount < limits.runningMax, queue.count == 0 {
            runningCount += 1
            return .run
        }
        let wait = expectedWait(of: owner)
        let isInTime = deadline == .never || wait + averageNanoseconds <= deadline.remainingNanoseconds(at: now)
        guard isInTime, queue.count < limits.queuedMax, queue.count(of: owner) < limits.queuedPerTenantMax else {
            return .refuse(expectedWait: wait)
        }
        queue.append(call, of: owner, cost: cost)
        return .wait
    }

    /// The call that may begin now, if there is one. Call it until it gives nil, after each `ended`.
    package mutating func next() -> Call? {
        guard runningCount < limits.runningMax, let call = queue.popFirst() else { return nil }
        runningCount += 1
        return call
    }

    /// A call that was begun has ended after so many nanoseconds.
    package mutating func ended(afterNanoseconds elapsed: UInt64) {
        runningCount -= 1
        let average = Int64(clamping: averageNanoseconds)
        averageNanoseconds = UInt64(average + (Int64(clamping: elapsed) - average) / 16)
    }

    /// A call that waits is not wanted any more.
    package mutating func withdraw(of owner: Owner, where isWanted: (Call) -> Bool) {
        queue.remove(of: owner, where: isWanted)
    }

    /// Calls before a new one of this owner, by their number: one of each other owner for each of its own, at most all.
    private func expectedWait(of owner: Owner) -> UInt64 {
        let isNew = queue.count(of: owner) == 0
        let before = min((queue.count(of: owner) + 1) * (queue.ownerCount + (isNew ? 1 : 0)), queue.count + 1)
        return UInt64(before) * averageNanoseconds / UInt64(limits.runningMax)
    }
}
