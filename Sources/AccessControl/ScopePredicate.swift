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

    /// Whether a record of this owner and department is selected.
    package func admits(owner: RecordID?, unit: RecordID?) -> Bool {
        switch self {
        case .none: false
        case .owner(let user): owner == user.id
        case .ownerOrUnits(let user, let units): owner == user.id || unit.map(units.contains) ?? false
        case .all: true
        }
    }
}
