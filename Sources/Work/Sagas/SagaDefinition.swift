package import Contracts
package import RPC
package import Records
package import Tenancy

/// A job whose steps call other services: what it did there stays when it is cut off, so each step can be done again, and may be undone.
///
///     SagaDefinition("deactivate_user", for: .handOver, doing: method, steps: [SagaStep("hand_over_customer") { … } undo: { … }])
package struct SagaDefinition: Sendable {
    /// What becomes of a saga that cannot be finished.
    package enum Failure: Sendable {
        /// It stays where it is until somebody tries it again.
        case stays
        /// What it did is undone.
        case goesBack
    }

    private let name: StaticString
    private let purpose: Purpose
    private let method: MethodDefinition
    private let steps: [SagaStep]
    private let order: SagaSteps
    private let attempts: JobAttempts
    /// How long it may take from when it was first taken, or tried again, until it counts as failed with SAGA_OVERDUE.
    private let timeout: Duration
    private let failure: Failure
    private let summary: JobDefinition.Summary

    package init(
        _ name: StaticString, for purpose: Purpose, doing method: MethodDefinition, steps: [SagaStep],
        attempts: JobAttempts = JobAttempts(10), timeout: Duration, whenFailed failure: Failure,
        summary: @escaping @Sendable (_ input: [UInt8]) throws -> String? = { _ in nil }
    ) {
        precondition(!steps.isEmpty, "\(name) has steps")
        (self.name, self.purpose, self.method, self.steps) = (name, purpose, method, steps)
        (self.attempts, self.timeout, self.failure) = (attempts, timeout, failure)
        let order = SagaSteps(steps.map { SagaSteps.Step(name: $0.name, isUndoable: $0.undo != nil) })
        self.order = order
        self.summary = { try summary(SagaState(decoding: $0, order).input) }
    }

    /// What the job of a new saga is made with.
    package static func checkpoint(_ input: [UInt8]) -> [UInt8] { SagaState.encoded(input: input) }

    package var job: JobDefinition {
        JobDefinition(
            named: name.description, for: purpose, doing: method, attempts: attempts, calling: step,
            turningBack: turnBack,
            naming: { [order] in SagaState.stepName(in: $0, order) }, summary: summary)
    }

    /// A saga of whose steps nobody can tell what is left to undo does not count as cancelled: its step fails and says why.
    private func turnBack(_ checkpoint: [UInt8], _ end: JobEnd) -> [UInt8]? {
        if case .failed = end, failure == .stays { return nil }
        guard var state = try? SagaState(decoding: checkpoint, order) else {
            return end == .cancelled ? checkpoint : nil
        }
        return state.turnBack(end) ? state.encoded : nil
    }

    private func step(_ run: JobRun, _ transactions: JobTransactions) async throws -> JobStep {
        var state: SagaState
        do {
            state = try SagaState(decoding: run.checkpoint ?? [], order)
        } catch is SagaStepUnknown {
            return .ended(.failed(reason: SagaStepUnknown.reason), run.progress)
        }
        let body: SagaStep.Body
        switch state.move {
        case .end(let end): return .ended(end, state.progress)
        case .run(let step):
            guard run.startedAt.advanced(by: timeout) > run.now else {
                return try await giveUp(step, state, SagaRun(run, transactions, input: state.input))
            }
            body = steps[step].run
        case .undo(let step):
            guard let undo = steps[step].undo else { preconditionFailure("a step is undone that can be") }
            body = undo
        }
        return state.note(try await body(SagaRun(run, transactions, input: state.input)))
    }
}

extension SagaDefinition {
    /// The time of a saga is over. What its present step has under way elsewhere ends first, so that nothing goes on by itself after the saga has
    /// failed; one that goes back undoes it anyway.
    private func giveUp(_ step: Int, _ state: SagaState, _ run: SagaRun) async throws -> JobStep {
        var state = state
        let overdue = "SAGA_OVERDUE"
        guard failure == .stays, let undo = steps[step].undo else {
            return .ended(.failed(reason: overdue), state.progress)
        }
        let outcome = try await undo(run)
        return state.note(outcome.pause == nil ? .failed(overdue, outcome.report) : outcome)
    }
}

/// A step of a saga. It may run again at any time, after a success, too: what it calls is told the saga's id, and does it once.
package struct SagaStep: Sendable {
    package typealias Body = @Sendable (SagaRun) async throws -> SagaOutcome

    /// As in `hand_over_customer`. Checkpoints keep it, so it stays.
    let name: String
    let run: Body
    let undo: Body?

    /// - Parameter undo: takes back what `run` did, also in part or not at all; nil where nothing can be or is to be taken back.
    package init(_ name: String, _ run: @escaping Body, undo: Body? = nil) {
        (self.name, self.run, self.undo) = (name, run, undo)
    }
}

/// What a step gets to know of its saga.
package struct SagaRun: Sendable {
    package let id: RecordID
    package let tenantID: TenantID
    /// For whom it works.
    package let userID: UserID?
    /// What it was made with.
    package let input: [UInt8]
    /// When it was first taken, or tried again.
    package let startedAt: Timestamp
    private let transactions: JobTransactions

    init(_ run: JobRun, _ transactions: JobTransactions, input: [UInt8]) {
        (id, tenantID, userID, startedAt) = (run.id, run.tenantID, run.userID, run.startedAt)
        (self.transactions, self.input) = (transactions, input)
    }

    /// Writes in the service whose saga it is, in a transaction of its own as the one for whom it works, and only while the lease is held. The step
    /// may be cut off after its COMMIT and run again: its rows of the ledger bear the saga's id, by which it finds what it did.
    package func transaction<Value: Sendable>(
        _ body: (RecordTransaction) async throws -> Value
    ) async throws -> Value {
        try await transactions.run(body)
    }
}

/// What a step came to.
package struct SagaOutcome: Sendable {
    /// What became of records until now.
    let report: JobReport
    /// Until the step is looked at again; nil when it is over.
    let pause: Duration?
    /// Why it cannot be done, however often it is tried.
    var failure: String? = nil
    /// How far it is, where that is not told by the records of the report.
    var progress: JobProgress? = nil

    package static func over(_ report: JobReport) -> SagaOutcome { SagaOutcome(report: report, pause: nil) }

    package static func lookAgain(
        in pause: Duration, _ report: JobReport, progress: JobProgress? = nil
    ) -> SagaOutcome {
        SagaOutcome(report: report, pause: pause, progress: progress)
    }

    package static func failed(_ reason: String, _ report: JobReport) -> SagaOutcome {
        SagaOutcome(report: report, pause: nil, failure: reason)
    }
}
