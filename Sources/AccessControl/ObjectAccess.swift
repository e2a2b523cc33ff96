import Synchronization
package import Tenancy

/// What one user may do with one kind of records.
package final class ObjectAccess: Sendable {
    /// The kind, as in `account`.
    package let name: String
    package let userID: UserID
    /// What records are shared with.
    package let audience: Audience
    private let roles: [PolicyRole]
    /// The widest scope granted for each action, by `Action.index`.
    private let scopes: [Scope]
    /// Departments for each scope, by its raw value.
    private let units: [[RecordID]]
    private let levels: [String: FieldLevel]
    /// Levels by position, of who asked for them that way last.
    private let ordered = Mutex<(fields: [String], levels: [FieldLevel])>(([], []))

    init(name: String, user: UserAccess) {
        self.name = name
        userID = user.userID
        audience = user.audience
        roles = user.roles
        scopes = Action.all.map { ObjectAccess.scope($0, on: name, roles: user.roles) }
        units = Scope.allCases.map(user.units(of:))
        levels = ObjectAccess.levels(on: name, roles: user.roles)
    }

    /// The widest scope that a role grants for the action.
    package func scope(_ action: Action) -> Scope { scopes[action.index] }

    /// Some field is not fully writable, so output and input must be looked through.
    package var restrictsFields: Bool { !levels.isEmpty }

    /// The names of the fields that are not fully writable.
    package var restrictedFields: [String] { levels.keys.sorted() }

    /// What the user may do with a field. Roles add up: the highest level of the roles that grant something on single records of the
    /// kind counts. A role that only reads contributes at most `read`, one that only exports shows no field.
    ///
    /// Of a field that the workspace has added a role gives no more than of all of them (`custom_fields`).
    package func level(of field: String) -> FieldLevel {
        levels[field] ?? (field.hasPrefix(TenantField.prefix) ? levels[TenantField.all] : nil) ?? .write
    }

    /// The same of all fields of a record type, in their order. Kept, since each call asks for those of the same type.
    package func levels(of fields: [String]) -> [FieldLevel] {
        ordered.withLock { ordered in
            if ordered.fields != fields { ordered = (fields, fields.map { level(of: $0) }) }
            return ordered.levels
        }
    }

    /// The departments that the scope of an action covers: none for one that goes by owners, or by nothing.
    package func units(of action: Action) -> [RecordID] { units[scope(action).rawValue] }

    /// Selects the records that the user may do the action with.
    package func predicate(_ action: Action, ownership: Ownership) -> ScopePredicate {
        let scope = scope(action)
        switch ownership {
        case .shared: return scope == .all || (action.isReading && scope > .none) ? .all : .none
        case .owned: break
        }
        switch scope {
        case .none: return .none
        case .own: return .owner(userID)
        case .unit, .subtree:
            let units = units[scope.rawValue]
            return units.isEmpty ? .owner(userID) : .ownerOrUnits(userID, units)
        case .all: return .all
        }
    }

    /// Whether the user may do the action with a record of this owner and department. Decides as `predicate` does.
    package func allows(
        _ action: Action, ownership: Ownership, owner: RecordID?, unit: RecordID?
    ) -> Bool {
        predicate(action, ownership: ownership).admits(owner: owner, unit: unit)
    }

    private static func scope(_ action: Action, on object: String, roles: [PolicyRole]) -> Scope {
        var widest = Scope.none
        for role in roles {
            for grant in role.grants where grant.covers(object: object) && grant.covers(action) {
                widest = max(widest, grant.scope)
            }
        }
        return widest
    }

    /// Levels of the fields that some policy names, as far as they are below `write`.
    private static func levels(on object: String, roles: [PolicyRole]) -> [String: FieldLevel] {
        let granting = roles.filter { role in
            Action.single.contains { scope($0, on: object, roles: [role]) > .none }
        }
        let named = granting.flatMap(\.fieldPolicies).filter { $0.object == object }.map(\.field)
        let fields = Set(named).subtracting(PermissionCatalogue.alwaysReadable)
        var levels: [String: FieldLevel] = [:]
        for field in fields {
            let level = granting.map { contribution(of: $0, to: field, of: object) }.max() ?? .write
            if level < .write { levels[field] = level }
        }
        return levels
    }

    /// The level that one role gives: the lowest of its policies for the field, and no more than its grants need.
    private static func contribution(of role: PolicyRole, to field: String, of object: String) -> FieldLevel {
        let names = field.hasPrefix(TenantField.prefix) ? [field, TenantField.all] : [field]
        let policies = role.fieldPolicies.filter { $0.object == object && names.contains($0.field) }
        let stated = policies.map(\.level).min() ?? .write
        let writes = [Action.create, .update].contains { scope($0, on: object, roles: [role]) > .none }
        return min(stated, writes ? .write : .read)
    }
}

extension ObjectAccess {
    /// Tells why an action on a record is allowed or not, role by role.
    package func explain(
        _ action: Action, ownership: Ownership, owner: RecordID?, unit: RecordID?
    ) -> Explanation {
        let contributions = roles.flatMap { role in
            role.grants.filter { $0.covers(object: name) && $0.covers(action) }
                .map { Explanation.Contribution(role: role.displayName, roleID: role.id, grant: $0) }
        }
        return Explanation(
            permission: "\(name).\(action.name)",
            isAllowed: allows(action, ownership: ownership, owner: owner, unit: unit),
            scope: scope(action), contributions: contributions)
    }
}
