import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire
import Work

/// The saga `transfer_user`: the user comes into another department, and then, service by service, what he owns.
struct UserTransfer: Sendable {
    static let name: StaticString = "transfer_user"

    let client: HandoverClient
    let users: RecordType

    var saga: SagaDefinition {
        SagaDefinition(
            Self.name, for: .transferUser, doing: UserServiceMethods.transferUser,
            steps: [SagaStep("move_user", move)]
                + client.steps("move_records", unless: TransferOrder.hindrance, Self.records),
            timeout: HandoverClient.sagaTimeout, whenFailed: .stays)
    }

    /// From the user to himself, in the new department.
    private static let records: @Sendable (SagaRun) throws -> BeginHandoverRequest? = { run in
        let input = try TransferInput(decoding: run.input)
        guard input.withRecords == true else { return nil }
        return BeginHandoverRequest(
            userID: input.userID, successors: [Successor(userID: input.userID)],
            newDepartmentID: input.newDepartmentID)
    }

    // MARK: The user

    /// What was previewed is done, or nothing: when something else became of the user or the department meanwhile, somebody has to look again.
    @Sendable private func move(_ run: SagaRun) async throws -> SagaOutcome {
        let input = try TransferInput(decoding: run.input)
        do {
            return try await run.transaction { transaction in
                if try await isMoved(by: run, transaction) { return .over(Self.moved) }
                return try await move(input, run, transaction)
            }
        } catch let error as RPCError {
            guard [.notFound, .failedPrecondition].contains(error.code) else { throw error }
            return .failed(error.reason, JobReport())
        }
    }

    private func move(
        _ input: TransferInput, _ run: SagaRun, _ transaction: RecordTransaction
    ) async throws -> SagaOutcome {
        let record = try await transaction.load(
            users, id: input.userID.flatMap { RecordID(bytes: $0) }?.text, for: .update)
        var user = record.value(User.self)
        guard user.disabled != true else { return .failed(IdentityError.userDisabled.reason, JobReport()) }
        if let hindrance = try await TransferOrder(input).hindrance(run, transaction) {
            return .failed(hindrance.reason, JobReport())
        }
        guard RecordID(user.departmentID ?? "")?.bytes != input.newDepartmentID else { return .over(JobReport()) }
        guard let wanted = input.newDepartmentID.flatMap({ RecordID(bytes: $0) }),
            try await !transaction.query(Query(Self.department) { $0.append(wanted) }).isEmpty
        else { return .failed("DEPARTMENT_DELETED", JobReport()) }
        user.departmentID = wanted.text
        try await transaction.update(record, to: user, by: .caller)
        return .over(Self.moved)
    }

    private static let department = Statement(
        "SELECT FROM {schema}.departments WHERE id = $1 AND deleted_at IS NULL FOR SHARE")

    private static let moved = JobReport(changedCount: 1, kinds: [KindReport(object: "user", changedCount: 1)])

    private static let isMoved = Statement(
        "SELECT EXISTS (SELECT FROM {schema}.ledger WHERE request_id = $1 AND purpose IS NOT NULL AND object = 'user')")

    /// The step was cut off after its COMMIT. What became of the user since then is not undone.
    private func isMoved(by run: SagaRun, _ transaction: RecordTransaction) async throws -> Bool {
        try await transaction.query(Query(Self.isMoved) { $0.append(run.id.text) }).one().bool(0)
    }

    // MARK: Its job

    /// Makes the job of a transfer.
    static func begin(_ input: TransferInput, dueAt: Timestamp, in transaction: RecordTransaction) async throws
        -> RecordID
    {
        guard let user = input.userID.flatMap({ RecordID(bytes: $0) }) else {
            preconditionFailure("a transfer has a user")
        }
        let job = NewJob(
            name.description, key: keyPrefix(UserID(user)) + RecordID.make().text, userID: transaction.actor.userID,
            dueAt: dueAt, checkpoint: SagaDefinition.checkpoint(input.encoded()))
        return try await JobTable.insert(job, at: transaction.now, transaction)
    }

    /// The job of the transfer of a user that waits or is under way; nil when there is none. With the user locked there comes none beside.
    static func open(_ user: UserID, in transaction: RecordTransaction) async throws -> RecordID? {
        try await jobs(of: user, transaction).first { $0.state.isOpen }?.id
    }

    /// All transfers of a user that are known yet.
    static func jobs(of user: UserID, _ transaction: RecordTransaction) async throws -> [Work.Job] {
        try await JobKeys([name.description], prefix: keyPrefix(user)).find(transaction)
    }

    private static func keyPrefix(_ user: UserID) -> String { "\(user.id) " }
}
