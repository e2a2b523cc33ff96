import AccessControl
import Contracts
import ServiceHost
import Tenancy
import Wire

/// Nobody hands out more than they have: the rights of a caller as an upper bound on the roles that the caller writes
/// or assigns.
struct RightsCeiling {
    let caller: UserAccess

    /// The first right or field that the roles together give and the caller lacks, as in `deal.delete` or
    /// `account.phone`; nil when there is none.
    func excess(of roles: [Role]) -> String? {
        guard let given = RightsCeiling.access(of: roles) else { return nil }
        for (object, record) in RoleCatalogue.records {
            let wanted = given.object(object)
            let held = caller.object(object)
            guard Action.all.contains(where: { wanted.scope($0) > .none }) else { continue }
            for action in Action.all where wanted.scope(action) > held.scope(action) {
                return "\(object).\(action.name)"
            }
            for field in record.fields where wanted.level(of: field.name) > held.level(of: field.name) {
                return "\(object).\(field.name)"
            }
        }
        return nil
    }

    /// The rights of somebody who has just these roles.
    private static func access(of roles: [Role]) -> UserAccess? {
        let holder = UserID(.make())
        let rules = roles.map { role in
            AccessControl.PolicyRole(
                id: .make(), displayName: role.displayName ?? "",
                grants: role.grants.map { AccessControl.Grant($0) },
                fieldPolicies: role.fieldPolicies.map { AccessControl.FieldPolicy($0) })
        }
        let snapshot = PolicySnapshot(
            tenantID: TenantID(.make()), epoch: 1, isActive: true, roles: rules, units: [],
            users: [AccessControl.PolicyUser(id: holder, unitID: nil, roleIDs: rules.map(\.id))])
        return snapshot.access(of: holder)
    }
}
