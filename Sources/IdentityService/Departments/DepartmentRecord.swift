import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Departments: the unit tree that scopes follow.
struct DepartmentRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue

    var type: RecordType {
        RecordType(
            Department.self,
            fields: [
                .field("display_name", .required, .line(100)),
                .field("parent_department_id", .reference(.record("department"))),
                .field("description", .lines(1_000)),
            ],
            rules: RecordRules(
                guard: { change, transaction in
                    if change.kind == .delete {
                        try await DepartmentRecord.refuseInUse(change, transaction)
                    } else if DepartmentRecord.moves(change) {
                        try await checkPlace(change, transaction)
                    }
                    if DepartmentRecord.changesPolicy(change) {
                        try await publication.announce(change, in: transaction)
                    }
                },
                publish: { change in
                    if DepartmentRecord.changesPolicy(change) { await publication.publish(change) }
                }))
    }

    private static func moves(_ change: RecordChange) -> Bool {
        change.kind != .update || change.changes("parent_department_id")
    }

    private static func changesPolicy(_ change: RecordChange) -> Bool {
        change.kind == .delete || moves(change)
    }

    private static let lockTree = Statement(
        "SELECT id, parent_department_id FROM {schema}.departments WHERE deleted_at IS NULL ORDER BY id FOR UPDATE"
    )

    /// Holds the whole tree, so that two moves cannot make a cycle between them.
    private func checkPlace(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let id = change.after.id("id") else { return }
        var parents: [RecordID: RecordID?] = [:]
        for row in try await transaction.query(DepartmentRecord.lockTree, Parameters()) {
            parents.updateValue(try row.optionalID(1), forKey: try row.id(0))
        }
        if change.kind == .restore {
            try await transaction.requireLiving(change.type, namedBy: "parent_department_id", of: change)
        }
        let tree = DepartmentTree(parents: parents)
        let parent = change.after.id("parent_department_id")
        do {
            try tree.check(placing: id, under: parent)
        } catch {
            throw DepartmentRecord.refusal(error)
        }
        // A new department has no records that anybody could see by it, and those of a deleted one were seen all the time.
        if change.kind != .update { return }
        let gaining = Set(tree.path(from: parent)).subtracting(tree.path(from: id))
        try await refuseWidening(for: Array(gaining), moving: id, under: parent, transaction)
    }

    private static let findHolders = Statement(
        """
        SELECT DISTINCT department_id, coalesce(role_ids, '{}'::uuid[]) FROM {schema}.users
        WHERE department_id = ANY ($1) AND deleted_at IS NULL
        """)

    /// Refuses a place in the tree where somebody in one of the `gaining` departments, which come to be above, would see
    /// more than before, unless the caller sees that, too.
    private func refuseWidening(
        for gaining: [RecordID], moving department: RecordID, under parent: RecordID?,
        _ transaction: RecordTransaction
    ) async throws {
        if gaining.isEmpty { return }
        let find = Query(DepartmentRecord.findHolders) { $0.append(gaining) }
        let holders = try await transaction.query(find).map { (unit: try $0.optionalID(0), roles: try $0.ids(1)) }
        if holders.isEmpty { return }
        let policy = try await HeldPolicy(roles: holders.flatMap(\.roles), of: catalogue, in: transaction)
        let moved = policy.moving(department, under: parent)
        for holder in holders {
            try policy.check(
                moved.access(roles: holder.roles, in: holder.unit),
                since: policy.access(roles: holder.roles, in: holder.unit), .change)
        }
    }

    private static func refusal(_ violation: DepartmentTree.Violation) -> RPCError {
        let (reason, text) =
            switch violation {
            case .cycle: ("DEPARTMENT_CYCLE", "A department cannot be below itself.")
            case .tooDeep: ("DEPARTMENT_TOO_DEEP", "The tree has at most \(DepartmentTree.levelsMax) levels.")
            case .parentMissing:
                (
                    "REFERENCE_NOT_FOUND",
                    "The department above is deleted or was never there; restore it first, or name another."
                )
            }
        return .invalidArgument(
            reason, text, field: "parent_department_id", domain: IdentityError.domain)
    }

    private static let findUse = Statement(
        """
        SELECT EXISTS (SELECT 1 FROM {schema}.departments WHERE parent_department_id = $1 AND deleted_at IS NULL)
            OR EXISTS (SELECT 1 FROM {schema}.users WHERE department_id = $1 AND deleted_at IS NULL)
        """)

    /// The department itself is locked, and whoever joins it locks it, too: none can come while this looks.
    private static func refuseInUse(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let id = change.after.id("id") else { return }
        let use = Query(findUse) { $0.append(id) }
        if try await transaction.query(use).one().bool(0) {
            throw IdentityError.departmentInUse
        }
        if let job = try await UserTransfer.open(into: id, in: transaction) {
            throw IdentityError.departmentAwaited(job)
        }
    }
}
