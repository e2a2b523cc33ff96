import Contracts
import Postgres
import RPC
import Records
import Tenancy
import Wire
import Work

/// What was ordered when a transfer was asked for, and whether it still stands: nobody is moved, and no record sent after him, on an order
/// that a newer one has overtaken.
struct TransferOrder: Sendable {
    private let user: UserID
    private let department: RecordID
    private let version: Int64

    init(_ input: TransferInput) throws {
        guard let user = input.userID.flatMap({ RecordID(bytes: $0) }),
            let department = input.newDepartmentID.flatMap({ RecordID(bytes: $0) })
        else { throw RPCError(.internal, reason: "INTERNAL", "A transfer has a user and a department.") }
        (self.user, self.department, version) = (UserID(user), department, input.userVersion ?? 0)
    }

    /// For the steps after that of the user.
    @Sendable static func hindrance(_ run: SagaRun) async throws -> Hindrance? {
        let order = try TransferOrder(TransferInput(decoding: run.input))
        return try await run.transaction { try await order.hindrance(run, $0) }
    }

    func hindrance(_ run: SagaRun, _ transaction: RecordTransaction) async throws -> Hindrance? {
        let query = Query(Self.overtaken) {
            $0.append(user.id)
            $0.append(version)
            $0.append(department.text)
        }
        if try await transaction.query(query).one().bool(0) { return .transferOutdated }
        let ends = try await transaction.query(
            Query(Self.gone) {
                $0.append(user.id)
                $0.append(department)
            }
        ).one()
        if try ends.bool(0) { return Hindrance(reason: "RECORD_NOT_FOUND") }
        if try ends.bool(1) { return Hindrance(reason: IdentityError.userDisabled.reason) }
        if try ends.bool(2) { return Hindrance(reason: "DEPARTMENT_DELETED") }
        return try await isYielding(run, transaction) ? .transferOpen : nil
    }

    /// He came into another department than that of the order since it was given, or into none.
    private static let overtaken = Statement(
        """
        SELECT EXISTS (
            SELECT FROM {schema}.ledger WHERE object = 'user' AND record_id = $1 AND record_version > $2
                AND after ? 'department_id' AND after ->> 'department_id' IS DISTINCT FROM $3)
        """)

    /// The user is deleted, is disabled; the department is deleted.
    private static let gone = Statement(
        """
        SELECT NOT EXISTS (SELECT FROM {schema}.users WHERE id = $1 AND deleted_at IS NULL),
            EXISTS (SELECT FROM {schema}.users WHERE id = $1 AND disabled),
            NOT EXISTS (SELECT FROM {schema}.departments WHERE id = $2 AND deleted_at IS NULL)
        """)

    /// Of two that are open, since the older one was tried again, the newer one stands.
    private func isYielding(_ run: SagaRun, _ transaction: RecordTransaction) async throws -> Bool {
        let jobs = try await UserTransfer.openJobs(of: user, transaction)
        guard let own = jobs.first(where: { $0.id == run.id }) else { return false }
        return jobs.contains { ($0.createdAt, $0.id) > (own.createdAt, own.id) }
    }
}

extension Hindrance {
    fileprivate static let transferOutdated = Hindrance(reason: "TRANSFER_OUTDATED")
    fileprivate static let transferOpen = Hindrance(reason: "TRANSFER_OPEN")
}
