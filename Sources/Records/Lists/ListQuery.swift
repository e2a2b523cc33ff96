import Credentials
import Postgres
package import RPC
import Tenancy
package import Wire

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

    /// The page and one record more, which tells whether there is another page.
    func page() -> (text: String, parameters: Parameters) {
        var parameters = selection.parameters
        var condition = selection.predicate
        if let place { condition += " AND \(place.condition(order, &parameters))" }
        parameters.append(Int64(pageSize + 1))
        let text =
            "SELECT \(type.columnList) FROM \(type.qualifiedTable) WHERE \(condition) "
            + "ORDER BY \(order.sql) LIMIT $\(parameters.count)"
        return (text, parameters)
    }

    /// The count of all pages, which stops one past the exact limit.
    func count() -> (text: String, parameters: Parameters) {
        var parameters = selection.parameters
        parameters.append(ListQuery.exactCountMax + 1)
        let text =
            "SELECT count(*) FROM (SELECT 1 FROM \(type.qualifiedTable) WHERE \(selection.predicate) "
            + "LIMIT $\(parameters.count)) AS counted"
        return (text, parameters)
    }

    /// The planner's plan, in which its estimate of the count stands.
    func estimate() -> (text: String, parameters: Parameters) {
        ("EXPLAIN SELECT 1 FROM \(type.qualifiedTable) WHERE \(selection.predicate)", selection.parameters)
    }

    /// The rows that the first line of a plan expects, as in `Seq Scan on accounts  (cost=0.00..35.50 rows=2550 width=4)`.
    static func expectedRows(_ plan: String) -> Int64? {
        let word = plan.split(separator: " ").first { $0.hasPrefix("rows=") }
        return word.flatMap { Int64($0.dropFirst("rows=".count)) }
    }
}

extension RecordEngine {
    /// The first records of a list, as the caller may see them. Authorises; see `select` for the errors.
    package func list(
        _ context: CallContext, _ type: RecordType, filter: (any WireMessage)? = nil,
        expression: String? = nil, within: (any WireMessage)? = nil, orderBy: [String] = [], limit: Int
    ) async throws -> [Message] {
        let selection = try await select(
            context, type, filter: filter, expression: expression, within: within)
        let order = try SortOrder(orderBy, of: type, rights: selection.call.rights)
        let query = ListQuery(selection: selection, order: order, pageSize: limit, place: nil)
        let (text, parameters) = query.page()
        let rows = try await read(context, scan(text), parameters)
        return try rows.prefix(limit).map { row in
            let record = try type.record(row, in: context.arena)
            selection.call.rights.filter(record)
            return record
        }
    }
}
