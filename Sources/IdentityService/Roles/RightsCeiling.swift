import AccessControl
import Contracts
import Tenancy
import Wire

/// Nobody hands out, takes away or takes over more than they have: the rights of a caller as an upper bound on those of
/// the users and roles that the caller changes.
struct RightsCeiling {
    let caller: UserAccess
    let catalogue: RoleCatalogue

    /// The first right or field that the holder has and the caller lacks, as in `deal.delete` or `account.phone`; nil
    /// when there is none. A scope counts as a scope, and for the departments that it covers for the holder.
    ///
    /// - Parameter before: the holder's rights before a department moved. When given, only what the holder gains in
    ///   departments is compared.
    func excess(of holder: UserAccess, since before: UserAccess? = nil) -> String? {
        for known in catalogue.permissions.objects + ownObjects(holder) {
            let object = known.name
            let wanted = holder.object(object)
            let held = caller.object(object)
            let ownership = known.ownership
            var isCompared = false
            for action in known.actions where wanted.scope(action) > .none {
                var departments = wanted.departments(action, ownership)
                if let before {
                    departments.subtract(before.object(object).departments(action, ownership))
                    if departments.isEmpty { continue }
                }
                isCompared = true
                if !held.covers(wanted.scope(action), in: departments, action, ownership) {
                    return "\(object).\(action.name)"
                }
            }
            guard isCompared else { continue }
            // Those that the workspace has added are writable unless a policy names them.
            let added = held.restrictedFields.filter { $0.hasPrefix(TenantField.prefix) }
            for field in known.fields + added where wanted.usableLevel(of: field) > held.level(of: field) {
                return "\(object).\(field)"
            }
        }
        return nil
    }
}

extension RightsCeiling {
    /// The objects that workspaces define and of which either side's roles speak, and one for all of which none does. As if they had owners: who has
    /// as wide a scope on records with owners has as much on those without.
    private func ownObjects(_ holder: UserAccess) -> [PermissionObject] {
        let named = caller.ownObjects.union(holder.ownObjects).sorted()
        return (named + [AccessControl.Grant.ownWildcard]).map {
            PermissionObject(name: $0, fields: catalogue.permissions.ownFields.sorted(), isExtensible: true)
        }
    }
}

extension ObjectAccess {
    /// The departments whose records the action may be done with; empty when a scope does not select by departments.
    fileprivate func departments(_ action: Action, _ ownership: Ownership) -> Set<RecordID> {
        guard case .ownerOrUnits(_, let units) = predicate(action, ownership: ownership) else { return [] }
        return Set(units)
    }

    fileprivate func covers(
        _ scope: Scope, in departments: Set<RecordID>, _ action: Action, _ ownership: Ownership
    ) -> Bool {
        guard scope <= self.scope(action) else { return false }
        return self.scope(action) == .all || departments.isSubset(of: self.departments(action, ownership))
    }

    /// What can be done with a field: who may write no record of the kind can write none of its fields.
    fileprivate func usableLevel(of field: String) -> FieldLevel {
        let writes = [Action.create, .update].contains { scope($0) > .none }
        return min(level(of: field), writes ? .write : .read)
    }
}

extension HeldPolicy {
    /// Throws RIGHTS_EXCEEDED when the holder has a right that the caller lacks. `subject` begins the message.
    func check(
        _ holder: UserAccess, since before: UserAccess? = nil, _ subject: IdentityError.RightsSubject
    ) throws {
        if let right = RightsCeiling(caller: ceiling, catalogue: catalogue).excess(of: holder, since: before) {
            throw IdentityError.rightsExceeded(tells(subject) ? right : nil, subject)
        }
    }

    /// The maker of the change may read the roles by which somebody has a right.
    private func tells(_ subject: IdentityError.RightsSubject) -> Bool {
        let (role, user) = (ceiling.object("role"), ceiling.object("user"))
        let readsRoles = role.scope(.read) > .none && role.level(of: "grants") >= .read
        switch subject {
        case .role: return readsRoles
        case .user, .change: return readsRoles && user.scope(.read) > .none && user.level(of: "role_ids") >= .read
        }
    }
}
