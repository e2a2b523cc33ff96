/// Decides which calls are worked on, which wait and which are refused. Pure: no clock, no I/O; the transport tells it of calls and of
/// the time (monotonic nanoseconds), and begins the calls that it names.
///
/// While fewer calls run than may, a call begins at once. Otherwise it waits, and tenants take turns (`FairQueue`). A tenant never has
/// more places than are left for others, so that whoever comes next finds one: half when it is alone, however slow its calls are. A call whose turn could not come in time is refused when it comes, not after it has waited in
/// vain: how long calls take is known from those that ended.
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
    /// Calls begun and not ended, of each owner that has any.
    private var runningOf: [Owner: Int] = [:]
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
        if runningCount < limits.runningMax, queue.count == 0, mayRun(owner) {
            begin(owner)
            return .run
        }
        let wait = expectedWait(of: owner)
        let isInTime = deadline == .never || wait <= deadline.remainingNanoseconds(at: now)
        guard isInTime, queue.count < limits.queuedMax, queue.count(of: owner) < limits.queuedPerTenantMax else {
            return .refuse(expectedWait: wait)
        }
        queue.append(call, of: owner, cost: cost)
        return .wait
    }

    /// The call that may begin now, if there is one. Call it until it gives nil, after each `ended`.
    package mutating func next() -> Call? {
        let left = placesLeft
        guard left > 0, let (owner, call) = queue.popFirst(where: { runningOf[$0, default: 0] < left }) else {
            return nil
        }
        begin(owner)
        return call
    }

    private func mayRun(_ owner: Owner) -> Bool { runningOf[owner, default: 0] < placesLeft }

    private var placesLeft: Int { limits.runningMax - runningCount }

    private mutating func begin(_ owner: Owner) {
        runningCount += 1
        runningOf[owner, default: 0] += 1
    }

    /// A call of this owner that was begun has ended after so many nanoseconds. What it turned out to cost beyond what was known
    /// when it came, `extraCost`, is taken off the owner's next turns.
    package mutating func ended(of owner: Owner, afterNanoseconds elapsed: UInt64, extraCost: Int = 0) {
        if extraCost > 0 { queue.charge(extraCost, of: owner) }
        runningCount -= 1
        let running = runningOf[owner, default: 0] - 1
        runningOf[owner] = running > 0 ? running : nil
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
