package import Tenancy

/// Selects the records that a caller may act on. Turned into SQL by Records and decided in memory by `admits`.
package enum ScopePredicate: Hashable, Sendable {
    /// No record.
    case none
    /// The records that the user owns.
    case owner(UserID)
    /// The records that the user owns and those of the departments.
    case ownerOrUnits(UserID, [RecordID])
    /// Every record.
    case all
    /// Those of a scope, and those that are shared with everybody or with what the caller is.
    indirect case shared(ScopePredicate, with: Audience)

    /// Whether a record of this owner and department is selected. Whom it is shared with is not asked.
    package func admits(owner: RecordID?, unit: RecordID?) -> Bool {
        switch self {
        case .none: false
        case .owner(let user): owner == user.id
        case .ownerOrUnits(let user, let units): owner == user.id || unit.map(units.contains) ?? false
        case .all: true
        case .shared(let scope, _): scope.admits(owner: owner, unit: unit)
        }
    }
}

/// What a user is, as far as records are shared with it.
package struct Audience: Hashable, Sendable {
    /// The user's department and those above it: what is shared with a department is shared with those below it.
    package let units: [RecordID]
    package let roles: [RecordID]

    package init(units: [RecordID], roles: [RecordID]) {
        (self.units, self.roles) = (units, roles)
    }
}
