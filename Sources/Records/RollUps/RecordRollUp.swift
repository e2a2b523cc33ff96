import AccessControl
import Formulas
import Postgres
import Tenancy
import Wire

/// What a field of a workspace says of the living records that name its record: of all of them, whoever may see which.
struct RecordRollUp: Sendable {
    private let field: TenantField
    private let function: TenantRollUp.Function
    /// The kind of records that is rolled up.
    private let children: RecordType
    private let reference: RecordField
    private let value: RecordField?
    private let time: RecordField?
    private let filter: ResolvedFilter?

    /// Nil for what does not fit the kind that is rolled up: its field has no value. Identity takes none such.
    ///
    /// - Parameters:
    ///   - field: of this service's records, or of those of another one.
    ///   - call: of the kind that is rolled up, with the rights of the program.
    init?(_ field: TenantField, _ call: RecordCall) {
        guard let rollUp = field.rollUp, let reference = call.type.field(rollUp.reference),
            reference.rules.reference?.object == field.object
        else { return nil }
        (self.field, function, children, self.reference) = (field, rollUp.function, call.type, reference)
        value = rollUp.value.flatMap(children.field)
        time = rollUp.time.flatMap(children.field)
        guard function == .count || value != nil, function != .latest || time != nil else { return nil }
        do {
            filter = try rollUp.filter.map {
                try FilterResolver(type: call.type, rights: call.rights, forms: call.forms).resolve(
                    RecordEngine.parse($0))
            }
        } catch { return nil }
        guard filter?.followsReferences != true else { return nil }
    }

    /// SQL that gives, for those of the records of an array that any names, their ids and values.
    func statement(_ ids: [RecordID]) -> (text: String, parameters: Parameters) {
        var parameters = Parameters()
        parameters.append(ids)
        let parent = reference.expressions[0]
        // Joined, not compared with each of the array, which PostgreSQL's generic plan does for every row.
        var conditions = ["\(parent) IN (SELECT unnest($1::uuid[]))"]
        if let living = Lifetime.living.condition(children) { conditions.append(living) }
        if let filter {
            var sql = FilterSQL(after: parameters)
            conditions.append("(\(sql.condition(filter)))")
            parameters = sql.parameters
        }
        let values = value?.expressions ?? []
        guard function == .latest, let time = time?.expressions.first else {
            let columns = ([parent] + aggregates(values)).joined(separator: ", ")
            return (
                "SELECT \(columns) FROM \(children.source) WHERE \(conditions.joined(separator: " AND ")) "
                    + "GROUP BY \(parent)", parameters
            )
        }
        conditions += ["\(time) IS NOT NULL"] + values.map { "\($0) IS NOT NULL" }
        return (
            "SELECT DISTINCT ON (\(parent)) \(([parent] + values).joined(separator: ", ")) FROM \(children.source) "
                + "WHERE \(conditions.joined(separator: " AND ")) "
                + "ORDER BY \(parent), \(time) DESC, \(children.standard.id.column) DESC",
            parameters
        )
    }

    /// Sums are those of decimal digits, told as text, since they may be greater than what they are sums of. Amounts in several currencies have none, and
    /// none is the least of them.
    private func aggregates(_ values: [String]) -> [String] {
        guard function != .count, let first = values.first else { return ["count(*)"] }
        let aggregate =
            switch function {
            case .sum: "sum((\(first))::numeric)::text"
            case .least: "min(\(first))"
            case .most, .count, .latest: "max(\(first))"
            }
        guard case .money = value?.kind else { return [aggregate] }
        let isOne = "count(DISTINCT \(values[1])) = 1"
        return ["CASE WHEN \(isOne) THEN \(aggregate) END", "CASE WHEN \(isOne) THEN min(\(values[1])) END"]
    }

    /// What the rows of its statement say, by the records of which they say something.
    func values(_ rows: Rows) throws -> [RecordID: FormulaValue] {
        var values: [RecordID: FormulaValue] = [:]
        for row in rows { values[try row.id(0)] = try told(row) }
        return values
    }

    /// What a row says; nil for what is no value. The least, greatest and latest are values as records have them, with all their digits; a
    /// sum has those of formulas.
    private func told(_ row: Row) throws -> FormulaValue? {
        guard !row.isNull(1) else { return nil }
        if function == .count { return .integer(try row.int64(1)) }
        guard let value, function != .sum else { return try sum(row) }
        switch value.kind {
        case .text: return .text(try row.string(1))
        case .id: return .text(try row.id(1).text)
        case .int32: return .integer(Int64(try row.int32(1)))
        case .int64: return .integer(try row.int64(1))
        case .double: return .number(try row.double(1))
        case .bool: return .flag(try row.bool(1))
        case .date: return .date(try row.day(1))
        case .time: return .time(try row.timestamp(1))
        case .enumeration(let values): return values.name(of: try row.int32(1)).map { .text($0) }
        case .money: return .money(minorUnits: try row.int64(1), currency: try row.string(2))
        case .idArray, .textArray, .json: return nil
        }
    }

    private func sum(_ row: Row) throws -> FormulaValue? {
        let text = try row.string(1)
        switch field.kind {
        case .wholeNumber: return Int64(text).map { .integer($0) }
        case .number: return Double(text).flatMap { .of($0) }
        case .money:
            let currency = try row.string(2)
            return Int64(text).map { .money(minorUnits: $0, currency: currency) }
        default: return nil
        }
    }
}
