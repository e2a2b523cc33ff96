import RPC
import Tenancy
package import Wire

/// Reads steward.type.v1.Filter.
struct FilterMessage {
    private let filter: Shape
    private var comparisons = 0
    private var values = 0

    /// The fields of the messages.
    private struct Shape {
        let all, any, not, compare, groupFilters: FieldDescriptor
        let path, comparator, values: FieldDescriptor
        let text, integer, number, flag, time: FieldDescriptor
        let timestamp: TimestampFields

        init?(_ descriptor: MessageDescriptor) {
            guard let all = descriptor.field("all"), let any = descriptor.field("any"),
                let not = descriptor.field("not"), let compare = descriptor.field("compare"),
                case .message(let group) = all.kind, let filters = group.field("filters"),
                case .message(let comparison) = compare.kind, let path = comparison.field("field"),
                let comparator = comparison.field("operator"), let values = comparison.field("values"),
                case .message(let value) = values.kind, let text = value.field("string_value"),
                let integer = value.field("int_value"), let number = value.field("double_value"),
                let flag = value.field("bool_value"), let time = value.field("time_value"),
                case .message(let timestamp) = time.kind, let fields = TimestampFields(timestamp)
            else { return nil }
            (self.all, self.any, self.not, self.compare, groupFilters) = (all, any, not, compare, filters)
            (self.path, self.comparator, self.values) = (path, comparator, values)
            (self.text, self.integer, self.number, self.flag, self.time) = (text, integer, number, flag, time)
            self.timestamp = fields
        }
    }

    /// The tree in a message; throws INVALID_ARGUMENT that names the part of the tree that is wrong.
    static func read(_ message: Message, path: String) throws -> FilterNode {
        guard let shape = Shape(message.descriptor) else {
            preconditionFailure("\(message.descriptor) is not steward.type.v1.Filter")
        }
        var reader = FilterMessage(filter: shape)
        return try reader.node(message, path, depth: 1)
    }

    private init(filter: Shape) {
        self.filter = filter
    }

    private mutating func node(_ message: Message, _ path: String, depth: Int) throws -> FilterNode {
        // The outermost part is not a level of its own: a lone comparison has depth 0.
        if depth > FilterLimits.depthMax + 1 {
            throw RecordErrors.filter(
                .filterTooDeep, "The filter is more than \(FilterLimits.depthMax) levels deep.", field: path)
        }
        let parts = [filter.all, filter.any, filter.not, filter.compare].filter { message.has($0) }
        guard parts.count == 1, let part = parts.first else {
            throw RecordErrors.filter(
                .filterMalformed, "\(path) must have exactly one of all, any, not and compare.", field: path)
        }
        guard let inner = message.message(part) else { preconditionFailure("a set message is there") }
        let innerPath = "\(path).\(part.name)"
        if part == filter.compare { return .compare(try comparison(inner, innerPath)) }
        if part == filter.not { return .not(try node(inner, innerPath, depth: depth + 1)) }
        // Each of them has a comparison at least.
        guard inner.count(filter.groupFilters) <= FilterLimits.comparisonCountMax else {
            throw FilterMessage.tooManyComparisons("\(innerPath).filters")
        }
        let nodes = try inner.messages(filter.groupFilters).enumerated().map { index, child in
            try node(child, "\(innerPath).filters[\(index)]", depth: depth + 1)
        }
        if nodes.isEmpty {
            throw RecordErrors.filter(
                .filterMalformed, "\(innerPath) needs at least one filter.", field: innerPath)
        }
        return part == filter.all ? .all(nodes) : .any(nodes)
    }

    private mutating func comparison(_ message: Message, _ path: String) throws -> FilterComparison {
        comparisons += 1
        if comparisons > FilterLimits.comparisonCountMax { throw FilterMessage.tooManyComparisons(path) }
        guard let comparator = Comparator(rawValue: message.int32(filter.comparator)) else {
            throw RecordErrors.filter(
                .filterMalformed, "\(path).operator must be a known operator.", field: "\(path).operator")
        }
        let count = message.count(filter.values)
        guard count <= FilterLimits.inValueCountMax else {
            throw RecordErrors.filter(
                .filterMalformed,
                "\(path) has \(count) values; no operator takes more than \(FilterLimits.inValueCountMax).",
                field: "\(path).values")
        }
        values += count
        guard values <= FilterLimits.valueCountMax else {
            throw RecordErrors.filter(
                .filterTooLarge,
                "The comparisons of the filter have more than \(FilterLimits.valueCountMax) values together; ask in several calls.",
                field: "\(path).values")
        }
        let values = try message.messages(filter.values).enumerated().map { index, value in
            try literal(value, "\(path).values[\(index)]")
        }
        return FilterComparison(
            path: message.string(filter.path) ?? "", comparator: comparator, values: values, place: path)
    }

    private static func tooManyComparisons(_ path: String) -> RPCError {
        RecordErrors.filter(
            .filterTooLarge, "The filter has more than \(FilterLimits.comparisonCountMax) comparisons.",
            field: path)
    }

    private func literal(_ value: Message, _ path: String) throws -> FilterLiteral {
        let parts = [filter.text, filter.integer, filter.number, filter.flag, filter.time].filter {
            value.has($0)
        }
        guard parts.count == 1, let part = parts.first else {
            throw RecordErrors.filter(.filterMalformed, "\(path) must have exactly one value.", field: path)
        }
        if part == filter.text { return .text(value.string(part) ?? "") }
        if part == filter.integer { return .integer(value.int64(part)) }
        if part == filter.number { return .number(value.double(part)) }
        if part == filter.flag { return .flag(value.bool(part)) }
        guard let time = value.message(part) else { preconditionFailure("a set message is there") }
        return .time(time.timestamp(filter.timestamp))
    }
}

extension FilterNode {
    /// The tree of a steward.type.v1.Filter.
    package init(_ message: Message, path: String = "filter") throws {
        self = try FilterMessage.read(message, path: path)
    }
}
