import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Wire
import Work

/// The saga `deactivate_user`: service by service what a user owns goes to others.
struct UserHandover: Sendable {
    static let name: StaticString = "deactivate_user"

    private static let pause = Duration.seconds(1)
    /// A service that is away so long has more to it than a restart.
    private static let timeout = Duration.seconds(7 * 86_400)

    let client: HandoverClient

    var saga: SagaDefinition {
        SagaDefinition(
            Self.name, for: .handOver, doing: UserServiceMethods.deactivateUser, steps: client.services.map(step),
            timeout: Self.timeout, whenFailed: .stays)
    }

    /// What was given away stays so when the saga goes back: only what is still to come is cancelled.
    private func step(_ service: ServiceName) -> SagaStep {
        SagaStep("hand_over_\(service.rawValue)") { run in
            let input = try DeactivationInput(decoding: run.input)
            let request = BeginHandoverRequest(
                handoverID: run.id.bytes, userID: input.userID, successors: input.successors,
                retryFailedBeforeMicros: run.startedAt.microseconds)
            let handover = try await client.begin(request, service, for: try user(of: run), in: run.tenantID)
            if let failure = handover.failure { return .failed(failure, handover.report ?? JobReport()) }
            return outcome(of: handover)
        } undo: { run in
            outcome(of: try await client.cancel(run.id, service, for: try user(of: run), in: run.tenantID))
        }
    }

    private func outcome(of handover: Handover) -> SagaOutcome {
        let report = handover.report ?? JobReport()
        return (handover.openCount ?? 0) > 0 ? .lookAgain(in: Self.pause, report) : .over(report)
    }

    private func user(of run: SagaRun) throws -> UserID {
        guard let user = run.userID else { preconditionFailure("\(Self.name) works for who asked for it") }
        return user
    }

    // MARK: Its job

    /// Makes the job of a user's handover.
    ///
    /// - Parameter version: of the user as it leaves, so that each leaving has a handover of its own.
    static func begin(
        _ user: UserID, version: Int64, _ successors: [Successor], in transaction: RecordTransaction
    ) async throws -> RecordID {
        let input = DeactivationInput(userID: user.id.bytes, successors: successors)
        let job = NewJob(
            name.description, key: "\(keyPrefix(user))\(version)", userID: transaction.actor.userID,
            dueAt: transaction.now, checkpoint: SagaDefinition.checkpoint(input.encoded()))
        return try await JobTable.insert(job, at: transaction.now, transaction)
    }

    /// The job of the handover of a user that is under way; nil when none is.
    static func open(_ user: UserID, in transaction: RecordTransaction) async throws -> RecordID? {
        try await jobs(of: user).find(transaction).first { $0.state.isOpen }?.id
    }

    /// Who comes back, by whichever method, keeps what was not given away yet.
    static let endWithReturn: RecordRules.Follow = { change, transaction in
        let isBack = change.kind == .update && change.changes("disabled") && change.after.flag("disabled") != true
        guard isBack, let id = change.after.id("id") else { return }
        try await jobs(of: UserID(id)).cancel(transaction)
    }

    private static func jobs(of user: UserID) -> JobKeys { JobKeys([name.description], prefix: keyPrefix(user)) }

    private static func keyPrefix(_ user: UserID) -> String { "\(user.id) " }
}
