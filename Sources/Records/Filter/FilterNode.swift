package import Tenancy

/// A filter as a client wrote it, before its names and values are checked against a record type.
package indirect enum FilterNode: Hashable, Sendable {
    case all([FilterNode])
    case any([FilterNode])
    case not(FilterNode)
    case compare(FilterComparison)
}

extension FilterNode {
    /// The paths of all comparisons.
    package var paths: Set<String> {
        switch self {
        case .all(let nodes), .any(let nodes): nodes.reduce(into: []) { $0.formUnion($1.paths) }
        case .not(let node): node.paths
        case .compare(let comparison): [comparison.path]
        }
    }
}

/// Compares one field with values.
package struct FilterComparison: Hashable, Sendable {
    package let path: String
    package let comparator: Comparator
    package let values: [FilterLiteral]
    /// Where it is: a position in the text form, or a path in the tree form.
    package let place: String
}

/// A value of a filter, before the type of its field is known.
package enum FilterLiteral: Hashable, Sendable {
    case text(String)
    /// Without quotes in the text form: a number, a date, an id, an enum value or a text of one word.
    case word(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    case time(Timestamp)
}

/// Ways to compare, with the numbers of steward.type.v1.ComparisonOperator.
package enum Comparator: Int32, CaseIterable, Sendable {
    case equal = 1
    case notEqual, less, lessOrEqual, greater, greaterOrEqual, `in`, contains, startsWith, isSet

    /// Compares with a part of a value.
    var isOfPart: Bool { self == .contains || self == .startsWith }

    /// As written in the text form.
    var symbol: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .in: "in"
        case .contains: "~"
        case .startsWith: "^="
        case .isSet: "is set"
        }
    }
}

/// What a filter may cost.
enum FilterLimits {
    /// Levels of groups and negations; protobuf messages of a filter are twice as deep, within `WireLimits.depthMax`.
    static let depthMax = 8
    /// Comparisons in all; each is a condition for PostgreSQL to check on every row.
    static let comparisonCountMax = 64
    /// Bytes of the text form.
    static let expressionBytesMax = 4 * 1024
    /// Values of one `in`.
    static let inValueCountMax = 1000
    /// Of all comparisons together: each is brought into the form of its field before another call has a turn.
    static let valueCountMax = 2000
    /// Bytes of a path; no declared one is as long. A longer one is refused and not repeated.
    static let pathBytesMax = 200
    /// Bytes of one text value.
    static let valueBytesMax = 1000
}
