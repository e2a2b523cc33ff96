import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Text
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
            timeout: HandoverClient.sagaTimeout, whenFailed: .stays, summary: Self.summary)
    }

    /// Who goes where, and whether with what is theirs.
    private static func summary(_ input: [UInt8]) throws -> String {
        let input = try TransferInput(decoding: input)
        func text(_ id: [UInt8]?) -> String { id.flatMap { RecordID(bytes: $0) }?.text ?? "" }
        let records = input.withRecords == true ? ", with records" : ""
        return "user_id = \(text(input.userID)) → department_id = \(text(input.newDepartmentID))\(records)"
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
        if let hindrance = try await TransferOrder(input).hindrance(run, transaction) {
            return .failed(hindrance.reason, JobReport())
        }
        guard RecordID(user.departmentID ?? "")?.bytes != input.newDepartmentID else { return .over(JobReport()) }
        guard let wanted = input.newDepartmentID.flatMap({ RecordID(bytes: $0) }),
            try await Self.hold(wanted, transaction)
        else { return .failed("DEPARTMENT_DELETED", JobReport()) }
        user.departmentID = wanted.text
        try await transaction.update(record, to: user, by: .caller)
        return .over(Self.moved)
    }

    private static let holdDepartment = Statement(
        "SELECT FROM {schema}.departments WHERE id = $1 AND deleted_at IS NULL FOR SHARE")

    /// Keeps the department from being deleted until the transaction ends.
    ///
    /// - Returns: false when it is deleted.
    private static func hold(_ department: RecordID, _ transaction: RecordTransaction) async throws -> Bool {
        try await !transaction.query(Query(holdDepartment) { $0.append(department) }).isEmpty
    }

    private static let moved = JobReport(changedCount: 1, kinds: [KindReport(object: "user", changedCount: 1)])

    /// In an order that the index of these rows has alone, so that no plan looks through the ledger.
    private static let findMove = Statement(
        """
        SELECT FROM {schema}.ledger WHERE request_id = $1 AND purpose IS NOT NULL AND object = 'user'
        ORDER BY request_id, position LIMIT 1
        """)

    /// The step was cut off after its COMMIT. What became of the user since then is not undone.
    private func isMoved(by run: SagaRun, _ transaction: RecordTransaction) async throws -> Bool {
        try await !transaction.query(Query(Self.findMove) { $0.append(run.id.text) }).isEmpty
    }

    // MARK: Its job

    /// Makes the job of a transfer.
    ///
    /// - Throws: what is told of a department that is gone.
    static func begin(_ input: TransferInput, dueAt: Timestamp, in transaction: RecordTransaction) async throws
        -> RecordID
    {
        guard let user = input.userID.flatMap({ RecordID(bytes: $0) }),
            let department = input.newDepartmentID.flatMap({ RecordID(bytes: $0) })
        else { preconditionFailure("a transfer has a user and a department") }
        guard try await hold(department, transaction) else { throw IdentityError.departmentGone }
        if dueAt <= transaction.now { try await JobTable.requireRoom(for: transaction.actor.userID, transaction) }
        let key = [keyPrefix(UserID(user)) + department.text, RecordID.make().text].joined(separator: " ")
        let job = NewJob(
            name.description, key: key, userID: transaction.actor.userID,
            dueAt: dueAt, checkpoint: SagaDefinition.checkpoint(input.encoded()))
        return try await JobTable.insert(job, at: transaction.now, transaction)
    }

    /// The job of the transfer of a user that waits or is under way; nil when there is none. With the user locked there comes none beside.
    static func open(_ user: UserID, in transaction: RecordTransaction) async throws -> RecordID? {
        try await openJobs(of: user, transaction).first?.id
    }

    /// The transfers of a user that wait or are under way.
    static func openJobs(of user: UserID, _ transaction: RecordTransaction) async throws -> [Work.Job] {
        try await JobKeys([name.description], prefix: keyPrefix(user)).findOpen(transaction)
    }

    private static func keyPrefix(_ user: UserID) -> String { "\(user.id) " }

    private static let intoDepartment = Statement(
        """
        SELECT id FROM {schema}.jobs
        WHERE name = $1 AND ended_at IS NULL AND split_part(key, ' ', 2) = $2 ORDER BY due_at, id LIMIT 1
        """)

    /// The next transfer into a department; nil when none waits. With the department held there comes none beside.
    static func open(into department: RecordID, in transaction: RecordTransaction) async throws -> RecordID? {
        let query = Query(intoDepartment) {
            $0.append(name.description)
            $0.append(department.text)
        }
        return try await transaction.query(query).first?.id(0)
    }

    /// Who leaves, by whichever method, is not moved any more.
    static let endWithLeaving: RecordRules.Follow = { change, transaction in
        let leaves = change.kind == .delete || change.changes("disabled") && change.after.flag("disabled") == true
        guard leaves, let id = change.after.id("id") else { return }
        try await JobKeys([name.description], prefix: keyPrefix(UserID(id))).cancel(transaction)
    }

    /// A transfer happens at the beginning of a day, also when that is another moment from now on.
    static func follow(from old: SettingsZones, to new: SettingsZones, _ transaction: RecordTransaction) async throws {
        try await JobTable.redate(name.description, transaction) { moment in
            // Where a day begins at one o'clock, since its midnight is left out, it is that day all the same.
            let seconds = moment.secondsAndNanos.seconds
            let day = (seconds + old.zone(at: moment).offset(at: seconds)) / TransferTime.daySeconds
            return new.beginning(ofDay: day)
        }
    }
}
