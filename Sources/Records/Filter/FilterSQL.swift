import AccessControl
import Postgres
import Wire

/// Turns filters and scopes into SQL with bound parameters. The text consists of declared column names and fixed
/// words; every value is a parameter.
///
/// PostgreSQL's logic has three values, ours two: what is not set fulfils nothing. The two agree as long as NULL only
/// ever stands where WHERE takes it for false, so a negation asks for `IS NOT TRUE`.
struct FilterSQL {
    private(set) var parameters: Parameters
    /// The records are few: those that they name are looked up one by one, not found first.
    private let looksUp: Bool
    /// Within a negation nothing is found by an index.
    private var isNegated = false

    /// Parameters of the conditions come after the given ones.
    init(after parameters: Parameters = Parameters(), lookingUp looksUp: Bool = false) {
        (self.parameters, self.looksUp) = (parameters, looksUp)
    }

    mutating func condition(_ filter: ResolvedFilter) -> String { condition(filter, isDemanded: true) }

    /// - Parameter isDemanded: every record that is selected fulfils it.
    private mutating func condition(_ filter: ResolvedFilter, isDemanded: Bool) -> String {
        switch filter {
        case .all(let filters): joined(filters, by: " AND ", isDemanded)
        case .any(let filters): joined(filters, by: " OR ", false)
        case .not(let inner): negation(inner)
        case .compare(let comparison): condition(comparison) + traces(comparison)
        case .follow(let reference): condition(reference, isDemanded: isDemanded)
        }
    }

    private mutating func negation(_ filter: ResolvedFilter) -> String {
        let wasNegated = isNegated
        isNegated = true
        defer { isNegated = wasNegated }
        return "(\(condition(filter, isDemanded: false))) IS NOT TRUE"
    }

    /// What holds of each record of which the comparison does, and is found by an index: asked for beside it. Begins with AND, or is empty.
    private mutating func traces(_ comparison: ResolvedComparison) -> String {
        guard comparison.comparator.isOfPart, !isNegated, let part = comparison.target.part,
            case .text(let text)? = comparison.values.first
        else { return "" }
        var conditions = ""
        for trace in part.traces(of: text) {
            switch trace {
            case .like(let expression, let pattern):
                parameters.append(pattern)
                conditions += " AND \(expression) ILIKE $\(parameters.count)"
            case .having(let expression, let elements):
                parameters.append(elements)
                conditions += " AND \(expression) @> $\(parameters.count)"
            }
        }
        return conditions
    }

    /// What is demanded is found first, by a join, which takes its memory within bounds. Among alternatives PostgreSQL would keep all that fulfil one in
    /// memory, for each of them: there each record's own one is looked up.
    private mutating func condition(_ reference: ResolvedReference, isDemanded: Bool) -> String {
        let (type, id) = (reference.type, reference.type.standard.id.column)
        var conditions: [String] = []
        if let living = Lifetime.living.condition(type) { conditions.append(living) }
        if let scope = reference.call.predicate(.read).condition(reference.call, &parameters) {
            conditions.append(scope)
        }
        let filter = condition(reference.filter, isDemanded: false)
        // Names within the brackets are columns of the other table, even where it is the same one.
        guard isDemanded, !looksUp else {
            let readable = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
            return "(SELECT named_fulfils FROM (SELECT \(id) AS named_id, (\(filter)) AS named_fulfils "
                + "FROM \(type.source)\(readable)) AS named WHERE named_id = \(reference.field.column)) IS TRUE"
        }
        return "\(reference.field.column) IN (SELECT \(id) FROM \(type.source) "
            + "WHERE \((conditions + [filter]).joined(separator: " AND ")))"
    }

    private mutating func joined(_ filters: [ResolvedFilter], by word: String, _ isDemanded: Bool) -> String {
        var parts: [String] = []
        for filter in filters { parts.append(condition(filter, isDemanded: isDemanded)) }
        return "(" + parts.joined(separator: word) + ")"
    }

    private mutating func condition(_ comparison: ResolvedComparison) -> String {
        switch comparison.target.place {
        case .column(let column):
            if comparison.comparator == .isSet { return "\(column) IS NOT NULL" }
            return self.comparison(column, comparison)
        case .money(let minorUnits, let currency): return money(minorUnits, currency, comparison)
        case .array(let column): return array(column, comparison)
        case .json(let column): return "\(column) IS NOT NULL"
        case .nested(let column, let key, let isRepeated):
            guard isRepeated else { return nested("\(column)", key, comparison) }
            if comparison.comparator == .equal, case .text(let text) = comparison.values[0] {
                return contains(column, key, text)
            }
            return "EXISTS (SELECT 1 FROM jsonb_array_elements(\(column)) AS item "
                + "WHERE \(nested("item", key, comparison)))"
        }
    }

    /// Some object of the array has this text: a form that an index on the column answers.
    private mutating func contains(_ column: String, _ key: FieldDescriptor, _ text: String) -> String {
        var writer = JSONWriter()
        writer.writeArray([text]) { writer, text in writer.write(key: key.name, text: text) }
        writer.bytes.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        return "\(column) @> $\(parameters.count)"
    }

    private mutating func nested(_ object: String, _ key: FieldDescriptor, _ comparison: ResolvedComparison)
        -> String
    {
        let text = "\(object)->>'\(key.name)'"
        if comparison.comparator == .isSet { return "\(text) IS NOT NULL" }
        switch comparison.target.type {
        case .integer, .enumeration: return self.comparison("(\(text))::bigint", comparison)
        case .number: return self.comparison("(\(text))::double precision", comparison)
        case .flag: return self.comparison("(\(text))::boolean", comparison)
        default: return self.comparison("(\(text))", comparison)
        }
    }

    private mutating func array(_ column: String, _ comparison: ResolvedComparison) -> String {
        if comparison.target.field.role == .tags { return tags(column, comparison.values) }
        switch comparison.comparator {
        case .isSet: return "cardinality(\(column)) > 0"
        case .in: return "\(column) && \(bindArray(comparison.values))"
        default: return "\(bind(comparison.values[0])) = ANY (\(column))"
        }
    }

    /// Tags that are compared with those of each row, each with each; of more a hash is made.
    private static let comparedTagsMax = 50

    /// The row has one of these tags. The index has no rows without any.
    private mutating func tags(_ column: String, _ tags: [FieldValue]) -> String {
        let some = bindArray(tags)
        let hasOne =
            tags.count <= Self.comparedTagsMax
            ? "\(column) && \(some)" : "EXISTS (SELECT FROM unnest(\(column)) AS tag WHERE tag = ANY (\(some)))"
        return "(\(column) <> '{}' AND \(hasOne))"
    }

    /// A comparison of one expression.
    private mutating func comparison(_ expression: String, _ comparison: ResolvedComparison) -> String {
        let ordered = comparison.target.type.orderExpression(expression)
        // Equal texts are the same bytes in every order; an index answers in its own.
        let equal = comparison.target.isIndexed ? ordered : expression
        switch comparison.comparator {
        case .equal: return "\(equal) = \(bind(comparison.values[0]))"
        case .less: return "\(ordered) < \(bind(comparison.values[0]))"
        case .lessOrEqual: return "\(ordered) <= \(bind(comparison.values[0]))"
        case .greater: return "\(ordered) > \(bind(comparison.values[0]))"
        case .greaterOrEqual: return "\(ordered) >= \(bind(comparison.values[0]))"
        case .in: return self.in(equal, comparison.values)
        case .contains: return part(expression, comparison, prefix: "%")
        case .startsWith: return part(expression, comparison, prefix: "")
        case .notEqual, .isSet: preconditionFailure("resolved before")
        }
    }

    /// Amounts of one currency. The minor units are compared as a column, so that an index on them is of use.
    private mutating func money(_ minorUnits: String, _ currency: String, _ comparison: ResolvedComparison) -> String {
        let amounts = comparison.values.compactMap(\.minorUnits)
        let codes = comparison.values.compactMap(\.currency)
        switch comparison.comparator {
        case .isSet: return "\(minorUnits) IS NOT NULL"
        case .in:
            parameters.append(amounts)
            parameters.append(codes)
            return "(\(minorUnits), \(currency)) IN (SELECT * FROM "
                + "unnest($\(parameters.count - 1)::bigint[], $\(parameters.count)::text[]))"
        default:
            let whole = ResolvedComparison(
                target: comparison.target, comparator: comparison.comparator, values: amounts.map { .integer($0) })
            return "(\(self.comparison(minorUnits, whole)) AND \(currency) = \(bind(.text(codes[0]))))"
        }
    }

    private mutating func `in`(_ expression: String, _ values: [FieldValue]) -> String {
        switch values[0] {
        case .text, .id, .integer: return "\(expression) = ANY (\(bindArray(values)))"
        case .number, .flag, .time, .date, .money:
            var parts: [String] = []
            for value in values { parts.append("\(expression) = \(bind(value))") }
            return "(" + parts.joined(separator: " OR ") + ")"
        }
    }

    private mutating func bind(_ value: FieldValue) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    private mutating func bindArray(_ values: [FieldValue]) -> String {
        switch values[0] {
        case .id: parameters.append(values.compactMap { if case .id(let id) = $0 { id } else { nil } })
        case .integer:
            parameters.append(values.compactMap { if case .integer(let number) = $0 { number } else { nil } })
        default: parameters.append(values.compactMap { if case .text(let text) = $0 { text } else { nil } })
        }
        return "$\(parameters.count)"
    }

    /// Looks for a text within others, or at their beginning: the signs that LIKE gives a meaning stand for themselves.
    private mutating func part(_ expression: String, _ comparison: ResolvedComparison, prefix: String) -> String {
        guard case .text(let text) = comparison.values[0] else { preconditionFailure("patterns are texts") }
        parameters.append(prefix + LikePattern.escaped(text.unicodeScalars) + "%")
        // A text that few records have is found by another way than one that many have.
        parameters.planAnew()
        // Looks for the same, without a form of each text in which case makes no difference.
        let comparator = LikePattern.hasCase(text) ? "ILIKE" : "LIKE"
        let condition = "\(expression) \(comparator) $\(parameters.count)"
        // An index that is asked for what it knows nothing of would be read as a whole, and not be used for what it knows.
        guard comparison.target.part != nil, !PartIndex.knows(text, isBeginning: prefix.isEmpty) else {
            return condition
        }
        return "(\(condition)) IS TRUE"
    }
}

extension Parameters {
    mutating func append(_ value: FieldValue) {
        switch value {
        case .text(let text): append(text)
        case .id(let id): append(id)
        case .integer(let number): append(number)
        case .number(let number): append(number)
        case .flag(let flag): append(flag)
        case .time(let time): append(time)
        case .date(let day): append(day)
        case .money: preconditionFailure("an amount has two parameters")
        }
    }
}
