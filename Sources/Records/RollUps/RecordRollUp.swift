import AccessControl
import Postgres
import Tenancy
import Wire

/// A field of a workspace that says something of the living records that name its record: of all of them, whoever may see which.
struct RecordRollUp: Sendable {
    let field: RecordField
    let function: TenantRollUp.Function
    /// The kind of records that is rolled up, with the rights of the program.
    let children: RecordCall
    private let reference: RecordField
    private let value: RecordField?
    private let time: RecordField?
    private let filter: ResolvedFilter?

    /// Nil for what does not fit the kind that is rolled up: its field stays as it is. Identity takes none such.
    init?(_ field: RecordField, _ children: RecordCall) {
        guard let rollUp = field.added?.rollUp, let reference = children.type.field(rollUp.reference),
            case .id = reference.kind
        else { return nil }
        (self.field, function, self.children, self.reference) = (field, rollUp.function, children, reference)
        value = rollUp.value.flatMap(children.type.field)
        time = rollUp.time.flatMap(children.type.field)
        guard function == .count || value != nil, function != .latest || time != nil else { return nil }
        do {
            filter = try rollUp.filter.map {
                try FilterResolver(type: children.type, rights: children.rights, forms: children.forms).resolve(
                    RecordEngine.parse($0))
            }
        } catch { return nil }
    }

    /// SQL that gives, for those of the records of an array that any names, their ids and values.
    func statement(_ ids: [RecordID]) -> (text: String, parameters: Parameters) {
        let type = children.type
        var parameters = Parameters()
        parameters.append(ids)
        var conditions = ["\(reference.column) = ANY ($1)"]
        if let living = Lifetime.living.condition(type) { conditions.append(living) }
        if let filter {
            var sql = FilterSQL(after: parameters)
            conditions.append("(\(sql.condition(filter)))")
            parameters = sql.parameters
        }
        let values = value?.expressions ?? []
        if function == .latest, let time, let first = values.first {
            conditions += ["\(time.column) IS NOT NULL", "\(first) IS NOT NULL"]
        }
        let rest = "FROM \(type.source) WHERE \(conditions.joined(separator: " AND "))"
        guard function != .latest else {
            return (
                "SELECT DISTINCT ON (\(reference.column)) \(([reference.column] + values).joined(separator: ", ")) \(rest) "
                    + "ORDER BY \(reference.column), \(time?.column ?? "NULL") DESC, \(type.standard.id.column) DESC",
                parameters
            )
        }
        let columns = [reference.column] + aggregates(values)
        return ("SELECT \(columns.joined(separator: ", ")) \(rest) GROUP BY \(reference.column)", parameters)
    }

    /// Amounts in several currencies have no sum, and none is the least of them.
    private func aggregates(_ values: [String]) -> [String] {
        guard function != .count, let first = values.first else { return ["count(*)"] }
        let aggregate =
            switch function {
            case .sum: "sum(\(first))"
            case .least: "min(\(first))"
            case .most, .count, .latest: "max(\(first))"
            }
        switch field.kind {
        case .money:
            let isOne = "count(DISTINCT \(values[1])) = 1"
            return ["CASE WHEN \(isOne) THEN \(aggregate)::bigint END", "CASE WHEN \(isOne) THEN min(\(values[1])) END"]
        case .int64: return ["\(aggregate)::bigint"]
        default: return [aggregate]
        }
    }
}
