import Postgres
import Wire

/// A page of a list, ready to be asked for.
struct ListQuery {
    /// Records on a page when the client does not say.
    static let pageSizeDefault = 50
    /// Most records on a page.
    static let pageSizeMax = 1000
    /// Bytes of the records on a page, as they are sent. A page ends before the record that would exceed them, so that
    /// page_size is the most that may come; it holds one record at least. Leaves room below
    /// `MessageLimits.answerBytesMax` for the token.
    static let pageBytesMax = 3 << 20
    /// Counts are exact up to here; beyond, the planner's estimate is given and said to be one.
    static let exactCountMax: Int64 = 10_000

    let selection: Selection
    let order: SortOrder
    let pageSize: Int
    let place: Keyset?

    private var type: RecordType { selection.call.type }

    /// What a request asks for. Throws INVALID_ARGUMENT with PAGE_SIZE_INVALID.
    static func pageSize(of request: Message, _ field: FieldDescriptor) throws -> Int {
        guard request.has(field) else { return pageSizeDefault }
        let size = Int(request.int32(field))
        guard (1...pageSizeMax).contains(size) else {
            throw RecordErrors.invalid(
                .pageSizeInvalid, "page_size is \(size); it must be from 1 to \(pageSizeMax).", field: "page_size")
        }
        return size
    }

    /// Sizes of which most pages are. A statement that says how many records it gives is planned once, as one for few of them; one that
    /// is told by a value is planned with each call.
    private static let usualSizes: Set<Int> = [10, 20, 25, pageSizeDefault, 100, 200, 250, 500, pageSizeMax]

    /// Whether records of this page may hold more than may be in memory at once; then the last column sums up their bytes
    /// (`RowBytes.bounded`).
    var isBounded: Bool { pageSize > type.rowsAtOnce }

    /// The page and one record more, which tells whether there is another page; fewer if they hold too much.
    func page() -> (text: String, parameters: Parameters) {
        let (text, parameters) = records()
        return (isBounded ? RowBytes.bounded(text, by: order.sql, order.source) : text, parameters)
    }

    private func records() -> (text: String, parameters: Parameters) {
        let source = order.source
        var parameters = source.parameters
        let condition = selection.condition(&parameters)
        let limit = limit(&parameters)
        let parts = order.splitsAtPresence ? self.parts(&parameters) : [whole(&parameters)]
        let selects = parts.map { part in
            "SELECT \(source.columnList) FROM \(source.sql) WHERE \(condition)\(part.condition) "
                + "ORDER BY \(part.order.sql) \(limit)"
        }
        guard selects.count > 1 else { return (selects[0], parameters) }
        let text =
            "SELECT \(source.columnList) FROM (\(selects.map { "(\($0))" }.joined(separator: " UNION ALL "))) AS page "
            + "ORDER BY \(order.sql) \(limit)"
        return (text, parameters)
    }

    private func limit(_ parameters: inout Parameters) -> String {
        if ListQuery.usualSizes.contains(pageSize) { return "LIMIT \(pageSize + 1)" }
        parameters.append(Int64(pageSize + 1))
        return "LIMIT $\(parameters.count)"
    }

    /// Records of a list that follow one another in an index.
    private struct Part {
        /// Begins with AND, or is empty.
        let condition: String
        let order: SortOrder
    }

    private func whole(_ parameters: inout Parameters) -> Part {
        Part(condition: place.map { " AND \($0.condition(order, &parameters))" } ?? "", order: order)
    }

    /// The records that have the first key, and those that lack it. Asked for apart, both are where the index has them in
    /// this order, whichever way it goes; together they would have to be sorted whenever one goes down.
    private func parts(_ parameters: inout Parameters) -> [Part] {
        let key = order.keys[0].expression
        let inner = order.amongEqualPresence
        let isPastSet = place.map { $0.values[0] == nil } ?? false
        var parts: [Part] = []
        if !isPastSet {
            let after = place.map { " AND \($0.condition(inner, &parameters))" } ?? ""
            parts.append(Part(condition: " AND \(key) IS NOT NULL\(after)", order: inner))
        }
        let after = isPastSet ? place.map { " AND \($0.withoutFirst.condition(order.withoutFirst, &parameters))" } : nil
        parts.append(Part(condition: " AND \(key) IS NULL\(after ?? "")", order: inner))
        return parts
    }

    /// The count of all pages, which stops one past the exact limit.
    func count() -> (text: String, parameters: Parameters) {
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        parameters.append(ListQuery.exactCountMax + 1)
        let text =
            "SELECT count(*) FROM (SELECT 1 FROM \(type.source) WHERE \(condition) "
            + "LIMIT $\(parameters.count)) AS counted"
        return (text, parameters)
    }

    /// The planner's plan, in which its estimate of the count stands.
    func estimate() -> (text: String, parameters: Parameters) {
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        return ("EXPLAIN SELECT 1 FROM \(type.source) WHERE \(condition)", parameters)
    }

    /// The rows that the first line of a plan expects, as in `Seq Scan on accounts  (cost=0.00..35.50 rows=2550 width=4)`.
    static func expectedRows(_ plan: String) -> Int64? {
        let word = plan.split(separator: " ").first { $0.hasPrefix("rows=") }
        return word.flatMap { Int64($0.dropFirst("rows=".count)) }
    }
}
