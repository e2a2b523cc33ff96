import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Roles: named sets of rights.
struct RoleRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue

    static let grantsMax = 500
    static let fieldPoliciesMax = 500
    /// Characters of the name of an object, action or field; no declared one is as long.
    private static let nameMax = 100

    var type: RecordType {
        RecordType(
            Role.self,
            fields: [
                .field(
                    "display_name", .required, .line(100),
                    .unique("roles_display_name_key", ignoringCase: true)),
                .field("description", .lines(1_000)),
                .field(
                    "grants", .count(0...RoleRecord.grantsMax),
                    .items([.field("object", .line(RoleRecord.nameMax)), .field("action", .line(RoleRecord.nameMax))])),
                .field(
                    "field_policies", .count(0...RoleRecord.fieldPoliciesMax),
                    .items([.field("object", .line(RoleRecord.nameMax)), .field("field", .line(RoleRecord.nameMax))])),
                .field("built_in", .outputOnly),
            ],
            rules: RecordRules(
                validate: { RoleRules.violations(of: $0.value(Role.self), catalogue) },
                guard: { change, transaction in
                    try await check(change, transaction)
                    if RoleRecord.changesPolicy(change) {
                        try await publication.announce(change, in: transaction)
                    }
                },
                publish: { change in
                    if RoleRecord.changesPolicy(change) { await publication.publish(change) }
                }))
    }

    private static func changesRights(_ change: RecordChange) -> Bool {
        change.kind != .update || change.changes("grants") || change.changes("field_policies")
    }

    private static func changesPolicy(_ change: RecordChange) -> Bool {
        changesRights(change) || change.changes("display_name")
    }

    private func check(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        switch change.kind {
        case .delete:
            if change.after.flag("built_in") == true { throw IdentityError.builtInRole }
            try await checkRights(change, transaction)
            try await RoleRecord.refuseInUse(change, transaction)
        case .create, .update, .restore:
            if let before = change.before?.value(Role.self), before.isAdmin, RoleRecord.changesRights(change) {
                throw IdentityError.adminRoleFixed
            }
            try await checkRights(change, transaction)
            try await RoleModel.requireDefined(change, transaction)
        }
    }

    /// Compares what the role gives, before and after, with the caller's own rights: as such, and in each department
    /// where somebody has it.
    private func checkRights(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let policy = try await HeldPolicy(roles: [], of: catalogue, in: transaction)
        var departments: Set<RecordID?> = [nil]
        if let id = change.before?.id("id") {
            let holders = Query(RoleRecord.findDepartments) { $0.append(id) }
            for row in try await transaction.query(holders) { departments.insert(try row.optionalID(0)) }
        }
        for department in departments {
            if let before = change.before?.value(Role.self) {
                try policy.check(policy.access([before.rule], in: department), .role)
            }
            try policy.check(policy.access([change.value(Role.self).rule], in: department), .change)
        }
    }

    private static let findDepartments = Statement(
        "SELECT DISTINCT department_id FROM {schema}.users WHERE $1 = ANY (role_ids) AND deleted_at IS NULL")

    private static let findHolder = Statement(
        "SELECT EXISTS (SELECT 1 FROM {schema}.users WHERE $1 = ANY (role_ids) AND deleted_at IS NULL)")

    /// The role itself is locked, and whoever assigns it locks it, too.
    private static func refuseInUse(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let id = change.after.id("id") else { return }
        let use = Query(findHolder) { $0.append(id) }
        if try await transaction.query(use).one().bool(0) {
            throw IdentityError.roleInUse
        }
    }
}

extension Role {
    /// What the role gives, whoever has it.
    fileprivate var rule: Contracts.PolicyRole {
        PolicyRole(
            id: RecordID.make().bytes, displayName: displayName, grants: grants, fieldPolicies: fieldPolicies)
    }
}
