package import Tenancy

/// A sharing rule of a workspace: which records of a kind it selects, and with whom it shares them.
package struct PolicySharingRule: Hashable, Sendable {
    package let id: RecordID
    /// What the records that it selects bear: another one with each other filter. So a filter that was changed shares nothing of what the one before
    /// selected, from the policy on that tells of it.
    package let selection: RecordID
    /// The kind, as grants call it.
    package let object: String
    /// The filter that selects them, as text.
    package let filter: String
    /// It shares what it selects. One that does not selects all the same, so that it shares at once when it is switched on.
    package let isEnabled: Bool
    let shares: [Share]
    /// It shares with whoever is let at the record that one of its own belongs to; nil where it names with whom it shares.
    package let following: ParentShare?

    package init(
        id: RecordID, selection: RecordID, object: String, filter: String, isEnabled: Bool = true, shares: [Share] = [],
        following: ParentShare? = nil
    ) {
        (self.id, self.selection, self.object, self.filter) = (id, selection, object, filter)
        (self.isEnabled, self.shares, self.following) = (isEnabled, shares, following)
    }

    /// Rules that a workspace may have for one kind of records: each is asked for each record that is written.
    package static let countMax = 100
    /// What grants call them.
    package static let grantName = "sharing_rule"

    /// Whether it lets somebody at what it selects.
    func reaches(_ audience: Audience, _ use: ShareUse, at moment: Timestamp) -> Bool {
        isEnabled && shares.contains { $0.allows(use) && $0.holds(at: moment) && audience.includes($0.subject) }
    }

    /// Whether it lets whoever is let at a parent at what names it.
    func follows(for use: ShareUse, at moment: Timestamp) -> Bool {
        guard isEnabled, let following else { return false }
        return (use == .reading || following.allowsWriting) && following.end.map { $0 > moment } ?? true
    }

    /// When it may be that it does not do that any more; nil for never.
    package func end(for audience: Audience) -> Timestamp? {
        shares.filter { audience.includes($0.subject) }.compactMap(\.end).min()
    }
}

/// What a rule lets those do with records with whom the records are shared that these belong to.
package struct ParentShare: Hashable, Sendable {
    /// The kind of these, as grants call it.
    package let object: String
    /// Who may write the parent by its share writes what belongs to it; else it may only be read.
    package let allowsWriting: Bool
    /// When it ends; nil for never.
    package let end: Timestamp?

    package init(_ object: String, allowsWriting: Bool, end: Timestamp? = nil) {
        (self.object, self.allowsWriting, self.end) = (object, allowsWriting, end)
    }
}

/// The sharing rules of a kind of records, found by whom they share with.
struct SharingRules: Sendable {
    let all: [PolicySharingRule]
    /// By the id of a user, department or role the places of the rules that name it.
    private let naming: [RecordID: [Int]]

    init(_ rules: [PolicySharingRule]) {
        all = rules
        var naming: [RecordID: [Int]] = [:]
        for (place, rule) in rules.enumerated() {
            for id in Set(rule.shares.map(\.subject.id)) { naming[id, default: []].append(place) }
        }
        self.naming = naming
    }

    /// Those that let somebody at what they select, in the order of their places.
    func reaching(_ audience: Audience, _ use: ShareUse, at moment: Timestamp) -> [PolicySharingRule] {
        let places = ([audience.user.id] + audience.units + audience.roles).flatMap { naming[$0] ?? [] }
        return Set(places).sorted().map { all[$0] }.filter { $0.reaches(audience, use, at: moment) }
    }
}

extension PolicySnapshot {
    /// The sharing rules of a kind of records, those that are switched off or over included.
    package func sharingRules(of object: String) -> [PolicySharingRule] { rules[object]?.all ?? [] }

    /// Those that let somebody at what they select.
    package func sharingRules(
        of object: String, reaching audience: Audience, for use: ShareUse, at moment: Timestamp
    ) -> [PolicySharingRule] { rules[object]?.reaching(audience, use, at: moment) ?? [] }

    /// By the kinds that records of a kind follow, the rules by which they do, at a moment and for a use.
    package func followedRules(
        of object: String, for use: ShareUse, at moment: Timestamp
    ) -> [String: [PolicySharingRule]] {
        guard hasFollowers, let all = rules[object]?.all else { return [:] }
        return Dictionary(grouping: all.filter { $0.follows(for: use, at: moment) }) { $0.following?.object ?? "" }
    }

    /// The kinds that records of a kind follow by some rule, in force or not.
    package func followed(by object: String) -> Set<String> {
        guard hasFollowers else { return [] }
        return Set(sharingRules(of: object).compactMap(\.following?.object))
    }

    /// The rules that say themselves with whom they share.
    package func directRules(of object: String) -> [PolicySharingRule] {
        sharingRules(of: object).filter { $0.following == nil }
    }

    /// The kinds of records whose records follow those of a kind.
    package func followers(of object: String) -> [String] { followers[object] ?? [] }

    /// Some kind follows another.
    package var hasFollowers: Bool { !followers.isEmpty }

    /// The kinds of records of which there are sharing rules.
    package var sharedObjects: [String] { rules.keys.sorted() }
}

extension UserAccess {
    /// The rights of nobody, which are all: what the filter of a rule selects does not depend on who asks.
    package static func ofRules() -> UserAccess {
        let all = Grant(object: Grant.wildcard, action: Grant.wildcard, scope: .all)
        return UserAccess(
            userID: UserID(.make()), unitID: nil, subtree: [],
            roles: [PolicyRole(id: .make(), displayName: "Sharing rules", grants: [all], fieldPolicies: [])])
    }
}
