package import Tenancy

/// A tag of a workspace, as far as it says who sees it.
package struct PolicyTag: Hashable, Sendable {
    package let id: RecordID
    let owner: RecordID?
    let unit: RecordID?
    let isForAll: Bool
    /// The departments in which, and below which, it is seen.
    let units: [RecordID]
    /// The roles with which it is seen.
    let roles: [RecordID]

    package init(
        id: RecordID, owner: RecordID?, unit: RecordID?, isForAll: Bool = false, units: [RecordID] = [],
        roles: [RecordID] = []
    ) {
        (self.id, self.owner, self.unit) = (id, owner, unit)
        (self.isForAll, self.units, self.roles) = (isForAll, units, roles)
    }

    /// Tags that a workspace may have.
    package static let countMax = 10_000
    /// Tags that a record may have, of those that one user sees.
    package static let perRecordMax = 50
    /// Tags that a record keeps, whoever sees them, those of deleted tags among them.
    package static let keptPerRecordMax = 500
}

/// The tags that a user sees under one policy: those that his right to read tags covers or that are shared with what he is, as the service that
/// keeps them decides it. All others, deleted ones among them, are to him as if they were not there.
package struct TagSight: Sendable {
    private let tags: [RecordID: PolicyTag]
    private let scope: ScopePredicate
    private let audience: Audience

    init(_ tags: [RecordID: PolicyTag], _ access: ObjectAccess) {
        (self.tags, audience) = (tags, access.audience)
        scope = access.predicate(.read, ownership: .owned)
    }

    package func sees(_ id: RecordID) -> Bool { tags[id].map(sees) ?? false }

    /// Some user may see it: it was not deleted.
    package func exists(_ id: RecordID) -> Bool { tags[id] != nil }

    /// All that the user sees, in the order of their ids.
    package var seen: [RecordID] { tags.values.filter(sees).map(\.id).sorted() }

    private func sees(_ tag: PolicyTag) -> Bool {
        switch scope {
        case .none: false
        case _ where scope.admits(owner: tag.owner, unit: tag.unit): true
        default:
            tag.isForAll || tag.units.contains(where: audience.units.contains)
                || tag.roles.contains(where: audience.roles.contains)
        }
    }
}

extension PolicySnapshot {
    /// The tags that a user sees.
    package func tags(seenBy access: UserAccess) -> TagSight { TagSight(tags, access.object(PolicyTag.object)) }
}

extension PolicyTag {
    /// What grants call tags.
    package static let object = "tag"
}
