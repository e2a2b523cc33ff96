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
    /// Those of a scope, and those that are shared with everybody or with what the caller is: for what is asked here, by themselves or by one of
    /// these selections of sharing rules, or by what they belong to.
    indirect case shared(
        ScopePredicate, with: Audience, for: ShareUse, by: [RecordID] = [], through: [SharedParents] = [])

    /// Whether a record of this owner and department is selected. Whom it is shared with is not asked.
    package func admits(owner: RecordID?, unit: RecordID?) -> Bool {
        switch self {
        case .none: false
        case .owner(let user): owner == user.id
        case .ownerOrUnits(let user, let units): owner == user.id || unit.map(units.contains) ?? false
        case .all: true
        case .shared(let scope, _, _, _, _): scope.admits(owner: owner, unit: unit)
        }
    }

    /// The same for a record with these shares and selections, at a moment.
    ///
    /// - Parameter follows: what it may be used for by what it belongs to, as was found then.
    package func admits(
        owner: RecordID?, unit: RecordID?, shares: [Share], selections: [RecordID] = [], follows: Set<ShareUse> = [],
        at moment: Timestamp
    ) -> Bool {
        if admits(owner: owner, unit: unit) { return true }
        guard case .shared(_, let audience, let use, let reaching, let parents) = self else { return false }
        return selections.contains(where: reaching.contains)
            || !parents.isEmpty && follows.contains(use)
            || shares.contains { audience.includes($0.subject) && $0.allows(use) && $0.holds(at: moment) }
    }
}

/// Records that belong to others of a kind, and are shared with whom these are.
package struct SharedParents: Hashable, Sendable {
    /// The kind of the others, as grants call it.
    package let object: String
    /// The selections of the rules that say so.
    package let rules: [RecordID]
    /// The selections of rules that let the caller at records of that kind.
    package let selections: [RecordID]
    /// These rules: what a record bears because one of them selects what it belongs to. Not the selections, which it would bear as its own where
    /// records of a kind belong to others of it.
    package let marks: [RecordID]

    package init(_ object: String, rules: [RecordID], reaching: [PolicySharingRule]) {
        (self.object, self.rules) = (object, rules)
        (selections, marks) = (reaching.map(\.selection), reaching.map(\.id))
    }
}
