import Contracts
import IdentityContracts
import Records
import Tenancy
import Wire
import Work

/// The saga `deactivate_user`: service by service what a user owns goes to others.
struct UserHandover: Sendable {
    static let name: StaticString = "deactivate_user"

    let client: HandoverClient

    var saga: SagaDefinition {
        SagaDefinition(
            Self.name, for: .handOver, doing: UserServiceMethods.deactivateUser, steps: steps,
            timeout: HandoverClient.sagaTimeout, whenFailed: .stays, summary: Self.summary)
    }

    /// Who leaves, and who gets what.
    private static func summary(_ input: [UInt8]) throws -> String {
        let input = try DeactivationInput(decoding: input)
        func text(_ id: [UInt8]?) -> String { id.flatMap { RecordID(bytes: $0) }?.text ?? "" }
        let successors = input.successors.map { successor in
            let part = successor.departmentID.map { "records of department_id = \(text($0)): " } ?? ""
            return "\(part)owner_id = \(text(successor.userID))"
        }
        return "owner_id = \(text(input.userID)) → \(successors.joined(separator: ", "))"
    }

    private var steps: [SagaStep] {
        client.steps("hand_over") { run in
            let input = try DeactivationInput(decoding: run.input)
            return BeginHandoverRequest(userID: input.userID, successors: input.successors)
        }
    }

    // MARK: Its job

    /// Makes the job of a user's handover: each time another one, also for who has left already.
    static func begin(
        _ user: UserID, _ successors: [Successor], in transaction: RecordTransaction
    ) async throws -> RecordID {
        try await JobTable.requireRoom(for: transaction.actor.userID, transaction)
        let input = DeactivationInput(userID: user.id.bytes, successors: successors)
        let job = NewJob(
            name.description, key: keyPrefix(user) + RecordID.make().text, userID: transaction.actor.userID,
            dueAt: transaction.now, checkpoint: SagaDefinition.checkpoint(input.encoded()))
        return try await JobTable.insert(job, at: transaction.now, transaction)
    }

    /// The job of the handover of a user that is under way; nil when none is.
    static func open(_ user: UserID, in transaction: RecordTransaction) async throws -> RecordID? {
        try await jobs(of: user).findOpen(transaction).first?.id
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
