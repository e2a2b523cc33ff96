import Contracts
import RPC

/// What a reader may use of a view. The rights are those of a list, and whatever a list would refuse is left out with the list's reason.
struct ViewResolution {
    private let call: RecordCall
    private let resolver: FilterResolver
    private var leftOut: [LeftOut] = []

    /// - Throws: as a list for a filter that is none, and for too many columns or sort keys.
    static func resolve(_ request: ResolveViewRequest, _ call: RecordCall) throws -> ResolveViewResponse {
        try SortOrder.check(count: request.orderBy.count)
        guard request.columns.count <= columnsMax else {
            throw RecordErrors.invalid(
                .maskTooLong, "There are \(request.columns.count) columns; at most \(columnsMax) are allowed.",
                field: "columns")
        }
        let text = request.filterExpression ?? ""
        let filter = text.isEmpty ? nil : try RecordEngine.parse(text)
        var view = ViewResolution(call)
        let usable = try filter.flatMap { try $0.least { try view.takes($0) } }
        let isWhole = view.leftOut.isEmpty
        let columns = try request.columns.filter { try view.takes(column: $0) }
        var keys: [String] = []
        for key in request.orderBy where try view.takes(key: key, after: keys) { keys.append(key) }
        return ResolveViewResponse(
            // As it was written, where nothing is wrong with it.
            filterExpression: isWhole ? request.filterExpression : usable?.text, columns: columns, orderBy: keys,
            leftOut: view.leftOut, widened: isWhole ? nil : true)
    }

    private static let columnsMax = 1_000

    private init(_ call: RecordCall) {
        (self.call, resolver) = (call, FilterResolver(call))
    }

    private mutating func takes(_ comparison: FilterComparison) throws -> Bool {
        try takes(.filter, comparison.path) { _ = try $0.resolver.resolve(.compare(comparison)) }
    }

    private mutating func takes(column: String) throws -> Bool {
        try takes(.column, column) { view in
            guard let field = view.call.type.field(column) else {
                throw RecordErrors.invalid(.fieldUnknown, "\(view.call.type.object) has no field \(column.quoted).")
            }
            guard view.call.rights.shownFields.contains(where: { $0 === field }) else {
                throw RecordErrors.fieldNotReadable(column, of: view.call.type)
            }
        }
    }

    private mutating func takes(key: String, after others: [String]) throws -> Bool {
        try takes(.order, key) { _ = try SortOrder(others + [key], $0.call) }
    }

    /// Notes what a list would refuse.
    private mutating func takes(
        _ part: ViewPart, _ path: String, _ use: (ViewResolution) throws -> Void
    ) throws -> Bool {
        do {
            try use(self)
            return true
        } catch let error as RPCError {
            leftOut.append(LeftOut(part: part, path: path.quoted, reason: error.reason, message: error.message))
            return false
        }
    }
}
