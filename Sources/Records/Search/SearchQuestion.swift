import AccessControl
import Postgres
import Tenancy

/// One question to the entries: those that have a term of each group, and those of an owner or of departments where the caller sees no others.
///
/// However many there are, it reads few of them: those of a small sample first, whose number says how many there may be, and then all of them,
/// those of a large sample, or no more. The same records are in the samples whenever it is asked.
struct SearchQuestion {
    /// Records that one question gives.
    static let countMax = 200
    private static let groupsMax = 16
    /// With more records in the small sample than that there are too many in the large one, and to read all.
    private static let (smallCountMax, fewCountMax) = (40, 3)

    let groups: SearchGroups
    /// One of them; nil where the caller sees all.
    let scope: [Int32]?
    /// All of them, too: those of an owner and of tags.
    let demanded: [Int32]

    /// Nil when a group is empty: nothing can have a term of it.
    init?(_ groups: SearchGroups, scope: [Int32]?, demanded: [Int32]) {
        guard !groups.isEmpty, groups.allSatisfy({ !$0.isEmpty }) else { return nil }
        // What has all of the first has to be looked at; a long row of Chinese characters has many pairs.
        (self.groups, self.scope, self.demanded) = (Array(groups.prefix(Self.groupsMax)), scope, demanded)
    }

    /// The rows: kind, id, and whether there are more than these.
    ///
    /// Terms come as sub-selects, so that the planner cannot take a row of the most frequent ones for a reason to read all of the table; the
    /// order is one that no index has, so that it does not hope to find enough of them by the way. In samples the scope is looked at in the
    /// row: most of many departments' records are not wanted.
    var query: (text: String, parameters: Parameters) {
        var parameters = Parameters()
        func term(_ terms: [Int32]) -> String {
            parameters.append(terms)
            return "(SELECT $\(parameters.count)::integer[])"
        }
        let conditions = groups.map { "terms && \(term($0))" } + demanded.map { "terms && \(term([$0]))" }
        let wanted = conditions.joined(separator: " AND ")
        let scope = scope.map(term)
        let inScope = scope.map { " AND terms && \($0)" } ?? ""
        let seenInScope = scope.map { " AND (terms || '{}'::integer[]) && \($0)" } ?? ""
        let (small, large) = (term([SearchTerm.smallSample]), term([SearchTerm.largeSample]))
        let some = "ORDER BY object, record_id LIMIT \(Self.countMax)"
        let text = """
            WITH sample AS MATERIALIZED (
                SELECT object, record_id FROM {schema}.search_entries WHERE \(wanted)\(seenInScope) AND terms && \(small)
            ), size AS MATERIALIZED (SELECT count(*) AS count FROM sample)
            (SELECT object, record_id, false FROM {schema}.search_entries
                WHERE \(wanted)\(inScope) AND (SELECT count FROM size) <= \(Self.fewCountMax) \(some))
            UNION ALL
            (SELECT object, record_id, true FROM {schema}.search_entries
                WHERE \(wanted)\(seenInScope) AND terms && \(large)
                AND (SELECT count FROM size) BETWEEN \(Self.fewCountMax + 1) AND \(Self.smallCountMax) \(some))
            UNION ALL
            (SELECT object, record_id, true FROM sample WHERE (SELECT count FROM size) > \(Self.smallCountMax) \(some))
            """
        return (text, parameters)
    }
}

/// A record that an entry names.
struct FoundEntry: Hashable, Sendable {
    let object: String
    let id: RecordID
}

extension SearchQuestion {
    /// What the rows of its answer name, and whether there are more.
    static func read(_ rows: Rows) throws -> (entries: [FoundEntry], isSample: Bool) {
        let entries = try rows.map { FoundEntry(object: try $0.string(0), id: try $0.id(1)) }
        let isSample = try rows.first?.bool(2) ?? false
        return (entries, isSample || entries.count >= countMax)
    }
}

/// The entries in which a caller finds records of some types: those of the types among which he sees the same.
struct SearchScope {
    let shapes: [ReadableShape]
    private let predicate: ScopePredicate

    /// Types with the same scope are asked for together.
    static func all(_ shapes: [ReadableShape]) -> [SearchScope] {
        let groups = Dictionary(grouping: shapes) { $0.call.predicate(.read) }
        return groups.map { SearchScope(shapes: $1, predicate: $0) }
            .filter { $0.predicate != .none }
            .sorted { $0.shapes[0].shape.type.object < $1.shapes[0].shape.type.object }
    }

    func question(_ groups: SearchGroups, _ narrowing: SearchNarrowing) -> SearchQuestion? {
        let sharing = shapes.first?.shape.type.standard.sharing
        return SearchQuestion(groups, scope: Self.terms(predicate, sharing), demanded: narrowing.terms)
    }

    /// The terms of which each record in the scope has one; nil when the records alone say whether they are in it.
    private static func terms(_ predicate: ScopePredicate, _ sharing: Sharing?) -> [Int32]? {
        switch predicate {
        case .all: nil
        case .none: []
        case .owner(let user): [SearchTerm.owner(user.id)]
        case .ownerOrUnits(let user, let units):
            [SearchTerm.owner(user.id)] + units.map { SearchTerm.department($0) }
        case .shared(let scope, let audience, _, let selections, let parents):
            // When shares end, and what they allow, the records say.
            sharing?.shares.flatMap { _ in terms(scope, sharing) }.map { terms in
                terms + audience.ids.map { SearchTerm.shared(with: $0) }
                    + selections.map { SearchTerm.selection($0) }
                    + (parents.isEmpty ? [] : audience.ids + parents.flatMap(\.marks)).map { SearchTerm.selection($0) }
            }
        }
    }
}
