import AccessControl
import Postgres

/// What stands after FROM: the records of a type, and beside their columns values of records that they name. A record that the caller may
/// not read, or that does not live, is as good as not there: the value is not set.
struct RecordSource: Sendable {
    let type: RecordType
    /// Those of the joined records' scopes; a statement's own come after them.
    private(set) var parameters = Parameters()
    /// The columns of the values, in the order in which they were added.
    private(set) var added: [String] = []
    private var joins: [String] = []

    init(_ type: RecordType) { self.type = type }

    /// Adds a value of the records that a field names. Returns its column.
    ///
    /// - Parameter column: of the other type.
    mutating func add(_ column: String, of path: ReferencePath) -> String {
        let (number, other) = (joins.count + 1, path.call.type)
        var conditions: [String] = []
        if let living = Lifetime.living.condition(other) { conditions.append(living) }
        if let scope = path.call.predicate(.read).condition(path.call, &parameters) { conditions.append(scope) }
        let name = "named_value_\(number)"
        added.append(name)
        // No name of what is joined is a column of records, so that the field's own need nothing before them.
        joins.append(
            " LEFT JOIN (SELECT \(other.standard.id.column) AS named_id, \(column) AS \(name) FROM \(other.source) "
                + "WHERE \(conditions.joined(separator: " AND "))) AS named_\(number) "
                + "ON named_\(number).named_id = \(path.field.column)")
        return name
    }

    /// Has a record once for each element of an array, and once where there is none. Returns the column of the element.
    ///
    /// - Parameter column: of the type itself.
    mutating func addElements(of column: String) -> String {
        let (number, name) = (joins.count + 1, "element_\(joins.count + 1)")
        added.append(name)
        joins.append(" LEFT JOIN LATERAL unnest(\(column)) AS elements_\(number) (\(name)) ON true")
        return name
    }

    var sql: String {
        guard !joins.isEmpty else { return type.source }
        return "(SELECT record.*, \(added.joined(separator: ", ")) FROM \(type.source(as: "record"))"
            + "\(joins.joined())) AS record"
    }

    /// The columns of the type and the added ones.
    var columnList: String { ([type.columnList] + added).joined(separator: ", ") }
}

extension FilterTarget {
    /// Reads a value that lies in a column of its own; nil when it is not set.
    func value(_ row: Row, _ column: Int) throws -> FieldValue? {
        if row.isNull(column) { return nil }
        switch type {
        case .text: return .text(try row.string(column))
        case .id: return .id(try row.id(column))
        case .integer, .enumeration: return .integer(try row.int64(column))
        case .number: return .number(try row.double(column))
        case .flag: return .flag(try row.bool(column))
        case .time: return .time(try row.timestamp(column))
        case .date: return .date(try row.day(column))
        case .money, .opaque: preconditionFailure("\(path) is no column")
        }
    }
}
