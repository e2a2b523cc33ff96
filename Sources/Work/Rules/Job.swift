package import Contracts
package import Tenancy

/// Where a job stands. `waiting` and `leased` are open; the others are its end.
package enum JobState: String, Hashable, Sendable, CaseIterable {
    /// Until it is due. Exits: leased, and cancelled by way of that.
    case waiting
    /// A runner has it until the lease ends. Exits: waiting (given back, or a step failed), leased (by another runner, when the
    /// lease has ended), done, failed, cancelled.
    case leased
    case done, failed, cancelled

    package var isOpen: Bool { self == .waiting || self == .leased }
}

/// How much of a job is done.
package struct JobProgress: Hashable, Sendable {
    package let done: Int64
    /// Nil as long as it is not known.
    package let total: Int64?
    /// What became of the records that it worked through.
    package let report: JobReport

    package init(done: Int64 = 0, total: Int64? = nil, report: JobReport = JobReport()) {
        (self.done, self.total, self.report) = (done, total, report)
    }
}

/// What a step came to.
package enum JobStep: Hashable, Sendable {
    /// There is more: the next step gets these.
    case goesOn(checkpoint: [UInt8], JobProgress)
    /// The same, not before a pause.
    case waits(checkpoint: [UInt8], JobProgress, pause: Duration)
    case ended(JobEnd, JobProgress)

    /// The job is done.
    package static func done(_ progress: JobProgress) -> JobStep { .ended(.done, progress) }
}

/// How a job ended.
package enum JobEnd: Hashable, Sendable {
    case done, cancelled
    case failed(reason: String)
}

/// The right to run a job's next step. Each lease has a number of its own, so that whoever lost one and takes the job again does not
/// go on with the old one.
package struct JobLease: Hashable, Sendable {
    package let jobID: RecordID
    package let holderID: RecordID
    package let number: Int64
}

/// A job and the rules of what becomes of it. No clock, no I/O.
package struct Job: Hashable, Sendable {
    package let id: RecordID
    package let name: String
    /// For whom it works; nil for the workspace itself.
    package let userID: UserID?
    package let createdAt: Timestamp
    /// The moment of its schedule; nil for one that was asked for.
    package internal(set) var scheduledAt: Timestamp?
    package internal(set) var state: JobState
    /// When somebody may take it next: the end of the lease while it is leased.
    package internal(set) var dueAt: Timestamp
    /// Failures of the present step, in a row.
    package internal(set) var attempts = 0
    package internal(set) var holderID: RecordID?
    package internal(set) var leaseNumber: Int64 = 0
    package internal(set) var checkpoint: [UInt8]?
    /// What the step is called that it is at, as it was last stored; nil for jobs whose steps have no names.
    package internal(set) var step: String?
    package internal(set) var progress = JobProgress()
    package internal(set) var cancelAskedAt: Timestamp?
    /// The reason of the last failure, as in USER_UNKNOWN. No text of anybody.
    package internal(set) var lastError: String?
    package internal(set) var startedAt: Timestamp?
    package internal(set) var endedAt: Timestamp?

    /// The lease that it is under.
    package var lease: JobLease? { holderID.map { JobLease(jobID: id, holderID: $0, number: leaseNumber) } }
}

// What becomes of a job that is leased.
extension Job {
    /// Where a job goes on that is cancelled or has failed for good; nil when it ends there.
    package typealias TurnBack = @Sendable (_ checkpoint: [UInt8], JobEnd) -> [UInt8]?

    /// A step was done. The lease begins anew.
    mutating func note(
        _ step: JobStep, at now: Timestamp, lease: Duration, turningBack turnBack: TurnBack = { _, _ in nil }
    ) {
        precondition(state == .leased, "a step of a job that nobody has")
        attempts = 0
        lastError = nil
        switch step {
        case .goesOn(let next, let progress):
            (checkpoint, self.progress, dueAt) = (next, progress, now.advanced(by: lease))
        case .waits(let next, let progress, let pause):
            (checkpoint, self.progress) = (next, progress)
            wait(until: now.advanced(by: pause))
        case .ended(let end, let progress):
            self.progress = progress
            self.end(end, at: now, turnBack)
        }
    }

    /// A step failed: it is tried again, or the job has failed.
    mutating func fail(
        _ failure: JobFailure, _ rules: JobAttempts, at now: Timestamp, jitter: Double,
        turningBack turnBack: TurnBack = { _, _ in nil }
    ) {
        precondition(state == .leased, "a failure of a job that nobody has")
        lastError = failure.reason
        switch failure.kind {
        case .elsewhere: wait(until: now.advanced(by: rules.wait(after: 1, jitter: jitter)))
        case .passing where attempts + 1 < rules.countMax:
            attempts += 1
            wait(until: now.advanced(by: rules.wait(after: attempts, jitter: jitter)))
        case .passing, .final:
            attempts += 1
            end(.failed(reason: failure.reason), at: now, turnBack)
        }
    }

    private mutating func end(_ end: JobEnd, at now: Timestamp, _ turnBack: TurnBack) {
        switch end {
        case .done: self.end(.done, at: now)
        case .cancelled: self.end(.cancelled, at: now)
        case .failed(let reason):
            lastError = reason
            guard let next = turnBack(checkpoint ?? [], end) else { return self.end(.failed, at: now) }
            (checkpoint, attempts) = (next, 0)
            wait(until: now)
        }
    }

    /// The runner gives it back: anybody may take it at once.
    mutating func release(at now: Timestamp) { wait(until: now) }

    /// After a step: one that was kept for long goes behind what else is due, so that a short one does not wait for the end of long ones.
    mutating func giveWay(begunAt: Timestamp?, after slice: Duration, at now: Timestamp) {
        guard state == .leased, let begunAt else { return }
        if begunAt.advanced(by: slice) <= now || begunAt > now { release(at: now) }
    }

    /// Its run is left out, and the next one is at another moment.
    mutating func postpone(to moment: Timestamp) {
        scheduledAt = moment
        startedAt = nil
        wait(until: moment)
    }

    /// Somebody asked for its end: it goes back, or ends if it cannot.
    ///
    /// - Returns: whether it has ended.
    mutating func cancel(at now: Timestamp, turningBack turnBack: TurnBack) -> Bool {
        guard let next = turnBack(checkpoint ?? [], .cancelled) else {
            end(.cancelled, at: now)
            return true
        }
        if next != checkpoint { (checkpoint, attempts) = (next, 0) }
        return false
    }

    /// It ends without a step.
    mutating func leaveOut(at now: Timestamp) { end(.cancelled, at: now) }

    /// Runners went away with it as often as its step may fail.
    func isInterrupted(_ rules: JobAttempts) -> Bool { attempts >= rules.countMax }

    private mutating func wait(until moment: Timestamp) {
        precondition(state == .leased, "only who has a job gives it back")
        (state, holderID, dueAt) = (.waiting, nil, moment)
    }

    mutating func end(_ state: JobState, at now: Timestamp) {
        precondition(self.state == .leased && !state.isOpen, "a job ends once")
        (self.state, holderID, endedAt, dueAt) = (state, nil, now, now)
    }
}

/// Why a step came to nothing.
struct JobFailure: Hashable, Sendable {
    enum Kind: Sendable {
        /// Trying again may help.
        case passing
        /// The cause is outside of the job (a database, the rights of the workspace are not there): it waits, and no attempt is used up.
        case elsewhere
        /// Trying again does not help.
        case final
    }
    let reason: String
    let kind: Kind
}
