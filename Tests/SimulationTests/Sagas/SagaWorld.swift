import Contracts
import Tenancy
import TestSupport

@testable import Work

/// A saga: the row of its job, and the services that its steps call.
struct SagaWorld {
    enum Bug {
        /// A runner stores what its step came to, whoever has the job meanwhile.
        case storeWithoutFence
        /// A service that is told to undo what it never did forgets that; what was on its way comes afterwards.
        case undoForgotten
        /// A step that was under way when the saga turned back counts as not begun.
        case presentStepLeft
    }

    /// How often what goes wrong, in percent. Worlds differ in it.
    struct Odds {
        let kill: Int
        let failure: Int
        let lostAnswer: Int
        let cancel: Int
        /// Nothing happens for longer than a lease.
        let pause: Int

        init(_ random: inout SeededGenerator) {
            (kill, failure) = (random.number(0...6), random.number(0...30))
            (lostAnswer, cancel) = (random.number(0...40), random.number(0...8))
            pause = random.number(0...15)
        }
    }

    let bug: Bug?
    let trace: Trace
    let odds: Odds
    var random: SeededGenerator
    var now = Timestamp(seconds: 1_000_000)
    /// Nobody is killed any more, and nothing fails.
    var isEnding = false
    let undoable: [Bool]
    let goesBack: Bool
    private(set) var job: Work.Job
    private(set) var services: [SimulatedService]
    /// Somebody gave up a step for good: it failed so that trying again would not help, or as often as it may.
    private(set) var isHopeless = false
    private var mishaps = 0
    private var runnerCount: UInt64 = 0

    static let attempts = JobAttempts(4, firstWait: .seconds(5), longestWait: .seconds(60))
    static let lease = Duration.seconds(60)
    private static let stepsMax = 4

    init(seed: UInt64, bug: Bug?, trace: Trace) {
        var random = SeededGenerator(seed: seed)
        odds = Odds(&random)
        undoable = (1...random.number(1...Self.stepsMax)).map { _ in random.chance(60) }
        goesBack = random.chance(50)
        services = undoable.map { _ in SimulatedService() }
        job = Work.Job(
            id: RecordID(high: 2, low: 1), name: "saga", userID: nil, createdAt: now, state: .waiting, dueAt: now,
            checkpoint: SagaDefinition.checkpoint([]), progress: JobProgress())
        (self.bug, self.trace, self.random) = (bug, trace, random)
        trace.note("steps that can be undone: \(undoable), goes back: \(goesBack)")
    }

    mutating func runnerID() -> RecordID {
        runnerCount += 1
        return RecordID(high: 3, low: runnerCount)
    }

    /// As `SagaDefinition` has it.
    var turnBack: Work.Job.TurnBack {
        let definition = SagaDefinition(
            "saga", for: .handOver, doing: HandoverServiceMethods.beginHandover,
            steps: undoable.enumerated().map { $1 ? Self.undoableStep("step \($0)") : Self.step("step \($0)") },
            attempts: Self.attempts, timeout: .seconds(86_400), whenFailed: goesBack ? .goesBack : .stays)
        guard bug == .presentStepLeft else { return definition.job.turnBack }
        return { [undoable, steps] checkpoint, end in
            guard let next = definition.job.turnBack(checkpoint, end),
                let was = try? SagaState(decoding: checkpoint, steps), case .forward = was.way,
                undoable.indices.contains(was.step), undoable[was.step],
                var state = try? SagaState(decoding: next, steps)
            else { return definition.job.turnBack(checkpoint, end) }
            _ = state.note(.over(JobReport()))
            return state.encoded
        }
    }

    private var steps: SagaSteps {
        SagaSteps(undoable.enumerated().map { SagaSteps.Step(name: "step \($0)", isUndoable: $1) })
    }

    private static func step(_ name: String) -> SagaStep { SagaStep(name) { _ in .over(JobReport()) } }
    private static func undoableStep(_ name: String) -> SagaStep {
        SagaStep(name) { _ in
            .over(JobReport())
        } undo: { _ in
            .over(JobReport())
        }
    }
}

// The row of the job: each of these is a transaction.
extension SagaWorld {
    /// Takes the job if it is due, also from who did not come back.
    mutating func take(by holder: RecordID) -> JobLease? {
        guard job.state.isOpen, job.dueAt <= now else { return nil }
        if job.state == .leased { (job.attempts, mishaps) = (job.attempts + 1, mishaps + 1) }
        (job.state, job.holderID, job.dueAt) = (.leased, holder, now.advanced(by: Self.lease))
        job.leaseNumber += 1
        job.startedAt = job.startedAt ?? now
        trace.note("\(holder.low) takes it, number \(job.leaseNumber)")
        return job.lease
    }

    /// What is decided before a step; nil when there is none.
    mutating func begin(_ lease: JobLease) -> SagaState? {
        guard job.state == .leased, job.lease == lease else { return nil }
        if job.cancelAskedAt != nil, job.cancel(at: now, turningBack: turnBack) { return nil }
        if job.isInterrupted(Self.attempts) {
            fail(.interrupted)
            return nil
        }
        return state
    }

    /// Keeps what a step came to. Gives the lease if the job goes on under it.
    mutating func store(_ step: JobStep, _ lease: JobLease) -> JobLease? {
        let holds = job.state == .leased && job.lease == lease
        guard holds || (bug == .storeWithoutFence && job.state == .leased) else { return nil }
        mishaps = 0
        if case .ended(.failed, _) = step { isHopeless = true }
        job.note(step, at: now, lease: Self.lease, turningBack: turnBack)
        trace.note("stored: \(job.state), \(state.map { "\($0.way) \($0.step)" } ?? "-")")
        return job.lease == lease ? lease : nil
    }

    mutating func fail(_ failure: JobFailure, _ lease: JobLease) {
        guard job.state == .leased, job.lease == lease else { return }
        fail(failure)
    }

    private mutating func fail(_ failure: JobFailure) {
        switch failure.kind {
        case .elsewhere: break
        case .final: isHopeless = true
        case .passing:
            mishaps += 1
            isHopeless = isHopeless || mishaps >= Self.attempts.countMax
        }
        job.fail(failure, Self.attempts, at: now, jitter: 0, turningBack: turnBack)
        trace.note("failed (\(failure.kind)): \(job.state)")
    }

    mutating func cancel() {
        guard job.state.isOpen, job.cancelAskedAt == nil else { return }
        job.cancelAskedAt = now
        if job.state == .waiting { job.dueAt = now }
        trace.note("it is to be cancelled")
    }

    private var state: SagaState? { job.checkpoint.flatMap { try? SagaState(decoding: $0, steps) } }
}

// The services.
extension SagaWorld {
    /// A call reaches its service.
    mutating func arrive(_ move: SagaState.Move) throws(Violation) {
        trace.note("arrives: \(move)")
        switch move {
        case .run(let step):
            guard services[0..<step].allSatisfy(\.wasRun) else {
                throw Violation("step \(step) is run before one before it")
            }
            services[step].run()
        case .undo(let step):
            let later = undoable.indices.filter { $0 > step && undoable[$0] }
            guard later.allSatisfy({ !services[$0].isDone }) else {
                throw Violation("step \(step) is undone before one after it")
            }
            services[step].undo(forgets: bug == .undoForgotten)
        case .end: break
        }
    }

    /// It ended for a reason, and the services are as that end promises.
    func checkEnd() throws(Violation) {
        let left = undoable.indices.filter { undoable[$0] && services[$0].isDone }
        let isBack = if case .back? = state?.way { true } else { false }
        switch job.state {
        case .waiting, .leased: throw Violation("it does not come to an end")
        case .done:
            guard services.allSatisfy(\.isDone) else { throw Violation("it is done, and a step is not") }
        case .cancelled:
            guard job.cancelAskedAt != nil else { throw Violation("it was cancelled by nobody") }
            guard left.isEmpty else { throw Violation("it was cancelled, and steps \(left) are done") }
        case .failed:
            guard isHopeless else { throw Violation("it failed for no reason") }
            let isUndone = left.isEmpty || (isBack ? hasFailedBack : !goesBack)
            guard isUndone else { throw Violation("it went back, and steps \(left) are done") }
        }
        guard services.allSatisfy({ $0.effects <= 1 }) else { throw Violation("a step had its effect twice") }
    }

    /// An undo failed for good: then it stays where it is.
    private var hasFailedBack: Bool { state.map { if case .undo = $0.move { true } else { false } } ?? false }
}

/// What a step calls: does it once, and undoes it for good.
struct SimulatedService {
    private(set) var isDone = false
    private(set) var wasRun = false
    private(set) var effects = 0
    private var isForbidden = false

    mutating func run() {
        wasRun = true
        guard !isDone, !isForbidden else { return }
        isDone = true
        effects += 1
    }

    /// - Parameter forgets: it keeps nothing of what was undone before it was done.
    mutating func undo(forgets: Bool) {
        if isDone || !forgets { isForbidden = true }
        isDone = false
    }
}
