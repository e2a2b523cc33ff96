package import Tenancy

/// A role as the tenant defined it.
package struct PolicyRole: Sendable {
    package let id: RecordID
    /// For explanations.
    package let displayName: String
    package let grants: [Grant]
    package let fieldPolicies: [FieldPolicy]

    package init(id: RecordID, displayName: String, grants: [Grant], fieldPolicies: [FieldPolicy]) {
        self.id = id
        self.displayName = displayName
        self.grants = grants
        self.fieldPolicies = fieldPolicies
    }
}

/// Allows an action on records of a kind. Unknown objects and actions allow nothing.
package struct Grant: Hashable, Sendable {
    /// Kind of records, as in `account`; `*` means all, `custom.*` those that the workspace has defined.
    package let object: String
    /// Name of an action; `*` means all.
    package let action: String
    package let scope: Scope

    package init(object: String, action: String, scope: Scope) {
        self.object = object
        self.action = action
        self.scope = scope
    }

    /// Stands for every object or every action.
    package static let wildcard = "*"

    /// Stands for every object that the workspace has defined.
    package static let ownWildcard = TenantObject.prefix + wildcard

    func covers(object other: String) -> Bool {
        object == Grant.wildcard || object == other || object == Grant.ownWildcard && TenantObject.isObject(other)
    }

    func covers(_ other: Action) -> Bool { action == Grant.wildcard || action == other.name }
}

/// What the members of a role may do with a field. A field without a policy is writable.
package struct FieldPolicy: Hashable, Sendable {
    /// Kind of records, as in `account`.
    package let object: String
    /// Name of the field in the record message.
    package let field: String
    package let level: FieldLevel

    package init(object: String, field: String, level: FieldLevel) {
        self.object = object
        self.field = field
        self.level = level
    }
}

/// A department.
package struct PolicyUnit: Sendable {
    package let id: RecordID
    /// The one above; nil for a top one. An id that is not in the snapshot counts as nil.
    package let parentID: RecordID?
    /// It was deleted with records in it, and keeps its place, so that who sees what is below a department sees these too.
    package let isDeleted: Bool

    package init(id: RecordID, parentID: RecordID?, isDeleted: Bool = false) {
        self.id = id
        self.parentID = parentID
        self.isDeleted = isDeleted
    }
}

/// A user who may sign in; a disabled user is not in a snapshot at all.
package struct PolicyUser: Sendable {
    package let id: UserID
    package let unitID: RecordID?
    /// Ids that name no role of this snapshot give nothing.
    package let roleIDs: [RecordID]

    package init(id: UserID, unitID: RecordID?, roleIDs: [RecordID]) {
        self.id = id
        self.unitID = unitID
        self.roleIDs = roleIDs
    }
}
