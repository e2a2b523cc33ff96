import AccessControl
import Postgres
import Reactor
import Tenancy
import Wire

/// The filters of the sharing rules of a kind of records. PostgreSQL says whom they select, of records that are stored as of those that are about to
/// be: so a rule and a list with the same filter never differ.
struct SharingSelections: Sendable {
    private let filters: [(id: RecordID, filter: ResolvedFilter)]
    /// Those whose filter does not fit the kind: they hold no record.
    let unusable: [RecordID]
    /// Positions of the fields that are compared.
    private let fields: Set<Int>

    init(_ rules: [PolicySharingRule], _ call: RecordCall) {
        let rights = FieldRights(call.type, UserAccess.ofRules().object(call.type.object))
        let resolver = FilterResolver(type: call.type, rights: rights, forms: call.forms)
        var filters: [(id: RecordID, filter: ResolvedFilter)] = []
        var (unusable, compared): ([RecordID], Set<Int>) = ([], [])
        for rule in rules.sorted(by: { $0.selection < $1.selection }) {
            guard let filter = try? resolver.resolve(RecordEngine.parse(rule.filter)),
                case let fields = filter.ownFields, fields.allSatisfy(Self.mayCompare)
            else {
                unusable.append(rule.selection)
                continue
            }
            filters.append((rule.selection, filter))
            compared.formUnion(fields.map(\.index))
        }
        (self.filters, self.unusable, fields) = (filters, unusable, compared)
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

    /// SQL of the selections that hold a row, in their order.
    func array(_ parameters: inout Parameters) -> String {
        parameters.append(ids)
        let place = parameters.count
        var sql = FilterSQL(after: parameters)
        var rules: [String] = []
        for (index, rule) in filters.enumerated() { rules.append("(\(index + 1), (\(sql.condition(rule.filter))))") }
        parameters = sql.parameters
        return "ARRAY(SELECT ($\(place)::uuid[])[rule.place] FROM (VALUES \(rules.joined(separator: ", "))) "
            + "AS rule (place, holds) WHERE rule.holds ORDER BY rule.place)"
    }

    /// SQL that is true for a row that does not have the selections that hold it. What it has of rules that are no more does not count.
    func differ(_ column: String, _ parameters: inout Parameters) -> String {
        let array = array(&parameters)
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
