import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Roles: named sets of rights.
struct RoleRecord: Sendable {
    let publication: PolicyPublication

    static let grantsMax = 500
    static let fieldPoliciesMax = 500

    var type: RecordType {
        RecordType(
            message: Role.descriptor, object: "role", table: "roles", service: .identity, ownership: .shared,
            fields: [
                .field(
                    "display_name", .required, .length(1...100),
                    .unique("roles_display_name_key", ignoringCase: true),
                    .searchable),
                .field("description", .length(0...1_000)),
                .field("grants", .count(0...RoleRecord.grantsMax)),
                .field("field_policies", .count(0...RoleRecord.fieldPoliciesMax)),
                .field("built_in", .outputOnly),
            ],
            hooks: RecordHooks(
                validate: { RoleRules.violations(of: $0.value(Role.self)) },
                beforeWrite: { change, transaction in
                    try await RoleRecord.check(change, transaction)
                    if RoleRecord.changesPolicy(change) { try await publication.announce(change) }
                },
                afterCommit: { change in
                    if RoleRecord.changesPolicy(change) { await publication.publish(change) }
                }))
    }

    private static func changesRights(_ change: RecordChange) -> Bool {
        change.kind != .update || change.changes("grants") || change.changes("field_policies")
    }

    private static func changesPolicy(_ change: RecordChange) -> Bool {
        changesRights(change) || change.changes("display_name")
    }

    private static func check(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        switch change.kind {
        case .delete:
            if change.after.flag("built_in") == true { throw IdentityError.builtInRole }
            try await refuseInUse(change, transaction)
        case .create, .update, .restore:
            guard changesRights(change) else { return }
            if let before = change.before?.value(Role.self), before.isAdmin {
                throw IdentityError.adminRoleFixed
            }
            try RightsCeiling.check([change.value(Role.self)], change)
        }
    }

    private static let findHolder = Statement(
        "SELECT EXISTS (SELECT 1 FROM {schema}.users WHERE $1 = ANY (role_ids) AND deleted_at IS NULL)")

    /// The role itself is locked, and whoever assigns it locks it, too.
    private static func refuseInUse(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let id = change.after.id("id") else { return }
        let use = Query(findHolder) { $0.append(id) }
        if try await transaction.query(use.statement, use.parameters).one().bool(0) {
            throw IdentityError.roleInUse
        }
    }
}

extension Role {
    /// The role that came with the workspace and may do everything.
    var isAdmin: Bool { builtIn == true && grants == BuiltInRole.admin.grants }
}

extension RightsCeiling {
    /// Throws when the roles together give more than the maker of the change has.
    static func check(_ roles: [Role], _ change: RecordChange) throws {
        guard let caller = change.call.policy.access(of: change.caller) else {
            throw IdentityError.sessionInvalid
        }
        if let right = RightsCeiling(caller: caller).excess(of: roles) {
            throw IdentityError.rightsExceeded(right)
        }
    }
}
