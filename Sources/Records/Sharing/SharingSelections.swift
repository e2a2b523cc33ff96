import AccessControl
import Postgres
import Reactor
import Tenancy
import Wire

/// The filters of the sharing rules of a kind of records. PostgreSQL says whom they select, of records that are stored as of those that are about to
/// be: so a rule and a list with the same filter never differ.
struct SharingSelections: Sendable {
    private let filters: [Filter]
    /// What records bear besides that a rule selects which has them follow what they belong to: with whom that is shared.
    private let followed: [Followed]
    /// Those whose filter does not fit the kind: they hold no record.
    let unusable: [RecordID]
    /// Positions of the fields that are compared, and of those that name what records belong to.
    private let fields: Set<Int>

    private struct Filter: Sendable {
        let id: RecordID
        let filter: ResolvedFilter
        /// The kind that what it selects follows; nil for none.
        let parent: String?
    }

    /// A kind that records follow.
    private struct Followed: Sendable {
        let parent: String
        let rules: [RecordID]
        let paths: ParentPaths
        /// Those of its records that count.
        let direct: [PolicySharingRule]
    }

    /// What a record may bear. Whom all that it belongs to is shared with is more than has been seen: one that would bear more stays as it is.
    static let countMax = 10_000

    init(_ rules: [PolicySharingRule], _ call: RecordCall) {
        let rights = FieldRights(call.type, UserAccess.ofRules().object(call.type.object))
        let resolver = FilterResolver(type: call.type, rights: rights, forms: call.forms)
        var filters: [Filter] = []
        var (unusable, compared): ([RecordID], Set<Int>) = ([], [])
        var following: [String: (paths: ParentPaths, rules: [RecordID])] = [:]
        for rule in rules.sorted(by: { $0.selection < $1.selection }) {
            let paths = rule.following.flatMap { call.parentPaths(to: $0.object) }
            guard let filter = try? resolver.resolve(RecordEngine.parse(rule.filter)),
                case let fields = filter.ownFields, fields.allSatisfy(Self.mayCompare),
                rule.following == nil || paths != nil
            else {
                unusable.append(rule.selection)
                continue
            }
            filters.append(Filter(id: rule.selection, filter: filter, parent: rule.following?.object))
            compared.formUnion(fields.map(\.index))
            if let paths, let object = rule.following?.object {
                following[object, default: (paths, [])].rules.append(rule.selection)
                compared.formUnion(paths.fields.map(\.index))
            }
        }
        (self.filters, self.unusable, fields) = (filters, unusable, compared)
        followed = following.sorted { $0.key < $1.key }.map { object, found in
            Followed(
                parent: object, rules: found.rules, paths: found.paths,
                direct: call.policy.directRules(of: object))
        }
    }

    /// What changes with each write, or differs by who asks, selects nothing that lasts.
    private static func mayCompare(_ field: RecordField) -> Bool {
        switch field.role {
        case nil, .id, .createTime, .owner, .department, .customFields: true
        case .version, .updateTime, .deleteTime, .shares, .tags, .selections: false
        }
    }

    var isEmpty: Bool { filters.isEmpty }

    /// In their order.
    var ids: [RecordID] { filters.map(\.id) }

    /// Whether a change may bring a record into a selection or out of one.
    func concern(_ change: RecordChange) -> Bool {
        switch change.kind {
        case .create, .restore: true
        case .update: change.changedFields.contains { fields.contains($0.index) }
        case .delete: false
        }
    }

    /// Records bear with whom others are shared that they belong to.
    var isFollowing: Bool { !followed.isEmpty }

    /// Keeps what records belong to as it is until the transaction ends, so that it is shared with nobody else before they are there.
    func holdParents(of records: [Message], _ transaction: RecordTransaction) throws {
        for one in followed {
            let ids = Set(records.flatMap(one.paths.parents)).sorted()
            guard !ids.isEmpty else { continue }
            var parameters = Parameters()
            parameters.append(ids)
            try transaction.enqueue(transaction.engine.statement(one.paths.locking("$1")), parameters)
        }
    }

    /// SQL of what a row is to bear, each once and in order: the selections that hold it, and with whom what it belongs to is shared. A rule by which it
    /// follows others holds it only where some of these are shared: what belongs to nothing shared bears nothing.
    func array(_ parameters: inout Parameters) -> String {
        parameters.append(ids)
        let place = parameters.count
        var sql = FilterSQL(after: parameters)
        var rules: [String] = []
        for (index, rule) in filters.enumerated() {
            let marked = followed.firstIndex { $0.parent == rule.parent }.map {
                " AND cardinality(\(Self.marks($0))) > 0"
            }
            rules.append("(\(index + 1), (\(sql.condition(rule.filter)))\(marked ?? ""))")
        }
        parameters = sql.parameters
        let own =
            "ARRAY(SELECT ($\(place)::uuid[])[rule.place] FROM (VALUES \(rules.joined(separator: ", "))) "
            + "AS rule (place, holds) WHERE rule.holds ORDER BY rule.place)"
        guard isFollowing else { return own }
        var (columns, all): ([String], [String]) = ([], ["selected_by"])
        for (index, one) in followed.enumerated() {
            parameters.append(one.direct.map(\.selection))
            parameters.append(one.direct.map(\.id))
            let marks = one.paths.marks("$\(parameters.count - 1)", "$\(parameters.count)")
            columns.append("\(marks) AS \(Self.marks(index))")
            parameters.append(one.rules)
            all.append("CASE WHEN selected_by && $\(parameters.count) THEN \(Self.marks(index)) ELSE '{}' END")
        }
        return "ARRAY(SELECT DISTINCT one FROM (SELECT \(columns.joined(separator: ", ")) OFFSET 0) AS followed, "
            + "LATERAL (SELECT \(own) AS selected_by OFFSET 0) AS selected, "
            + "LATERAL unnest(\(all.joined(separator: " || "))) AS one ORDER BY one)"
    }

    /// The column with whom what a record belongs to is shared, for one of the kinds that it follows.
    private static func marks(_ index: Int) -> String { "parent_marks_\(index)" }

    /// SQL that is true for a row that does not have the selections that hold it. What it has of rules that are no more does not count, unless records of the kind
    /// follow others: then they bear nothing else.
    func differ(_ column: String, _ parameters: inout Parameters) -> String {
        let array = array(&parameters)
        if isFollowing { return "ARRAY(SELECT DISTINCT one FROM unnest(\(column)) AS one ORDER BY one) <> \(array)" }
        parameters.append(ids)
        return
            "ARRAY(SELECT one FROM unnest(\(column)) AS one WHERE one = ANY ($\(parameters.count)) ORDER BY one) <> \(array)"
    }
}

extension ResolvedFilter {
    /// The fields of the record itself that are compared.
    fileprivate var ownFields: [RecordField] {
        switch self {
        case .all(let filters), .any(let filters): filters.flatMap(\.ownFields)
        case .not(let filter): filter.ownFields
        case .compare(let comparison): [comparison.target.field]
        case .follow(let reference): [reference.field]
        }
    }
}

extension RecordCall {
    /// Those of its kind in the workspace; nil where there are none.
    var sharingSelections: SharingSelections? {
        guard type.standard.selections != nil else { return nil }
        return policy.madeOfRules(of: type.object) { SharingSelections($0, self) }
    }
}

extension RecordType {
    /// The selections of sharing rules that a record bears.
    func selections(of record: Message) -> [RecordID] { standard.selections?.ids(in: record) ?? [] }

    /// Rows of an array of JSON objects with the columns of the type.
    func rowset(_ array: String, as alias: String) -> String {
        let columns = fields.flatMap { field in
            zip(field.columns, field.kind.databaseTypes).map { "\($0) \(Self.typeName($1))" }
        }
        return "jsonb_to_recordset(\(array)) AS \(alias) (\(columns.joined(separator: ", ")))"
    }

    /// udt_name writes arrays with a leading underscore.
    private static func typeName(_ name: String) -> String {
        name.hasPrefix("_") ? "\(name.dropFirst())[]" : name
    }
}

extension RecordTransaction {
    /// Has records of a type that are about to be stored bear the selections that hold them.
    func markSelections(of changes: [RecordChange]) async throws {
        guard let call = changes.first?.call, let field = call.type.standard.selections,
            let selections = call.sharingSelections
        else { return }
        let concerned = changes.filter(selections.concern)
        try selections.holdParents(of: concerned.map(\.after), self)
        let found = try await self.selections(selections, holding: concerned.map(\.after), call)
        for change in concerned {
            change.after.setStrings(field.descriptor, (found[change.recordID] ?? []).map(\.text))
        }
    }

    /// By the ids of records those of the selections that hold them; nothing of what none holds.
    func selections(
        _ selections: SharingSelections, holding records: [Message], _ call: RecordCall
    ) async throws -> [RecordID: [RecordID]] {
        guard !records.isEmpty, !selections.isEmpty else { return [:] }
        var (pace, writer, parameters) = (Pace(), JSONWriter(), Parameters())
        await writer.writeRows(records, of: call.type, &pace)
        writer.bytes.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        let array = selections.array(&parameters)
        let text =
            "SELECT \(call.type.standard.id.column), \(array) FROM \(call.type.rowset("$1", as: call.type.table))"
        var found: [RecordID: [RecordID]] = [:]
        for row in try await query(engine.statement(text), parameters) { found[try row.id(0)] = try row.ids(1) }
        return found
    }
}
