import Synchronization
package import Tenancy

/// The compiled rights of one user under one policy snapshot, or of a program on behalf of a workspace itself.
package final class UserAccess: Sendable {
    package let userID: UserID
    /// The user's department, if known.
    package let unitID: RecordID?
    /// The user's department and those below it.
    let subtree: [RecordID]
    let roles: [PolicyRole]
    /// What records are shared with.
    let audience: Audience

    /// Rights by kind of records; grows by the kinds asked for, which the programs declare, so it is bounded.
    private let objects = Mutex<[String: ObjectAccess]>([:])

    init(
        userID: UserID, unitID: RecordID?, subtree: [RecordID], path: [RecordID] = [], roles: [PolicyRole]
    ) {
        self.userID = userID
        self.unitID = unitID
        self.subtree = subtree
        self.roles = roles
        audience = Audience(user: userID, unit: unitID, units: path, roles: roles.map(\.id))
    }

    /// The rights that a purpose needs, on all records: those of a role that nobody has. Its user is none of the workspace.
    convenience init(of purpose: Purpose) {
        let grants = purpose.needs.map { right in
            let dot = right.lastIndex(of: ".") ?? right.startIndex
            return Grant(object: String(right[..<dot]), action: String(right[dot...].dropFirst()), scope: .all)
        }
        let role = PolicyRole(id: .make(), displayName: purpose.name, grants: grants, fieldPolicies: [])
        self.init(userID: UserID(.make()), unitID: nil, subtree: [], roles: [role])
    }

    /// The rights on a kind of records, as in `account`. A kind that no grant names has only what `*` grants.
    /// `name` comes from a declaration, or is that of an object that the workspace has defined, never from a request alone.
    package func object(_ name: String) -> ObjectAccess {
        objects.withLock { known in
            if let access = known[name] { return access }
            let access = ObjectAccess(name: name, user: self)
            known[name] = access
            return access
        }
    }

    /// The objects of the workspace's own that grants or field policies of the user's roles name.
    package var ownObjects: Set<String> {
        Set(roles.flatMap { $0.grants.map(\.object) + $0.fieldPolicies.map(\.object) }.filter(TenantObject.isObject))
    }

    /// The departments that a scope covers.
    func units(of scope: Scope) -> [RecordID] {
        switch scope {
        case .unit: unitID.map { [$0] } ?? []
        case .subtree: subtree
        case .none, .own, .all: []
        }
    }
}
