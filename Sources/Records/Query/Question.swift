import AccessControl
import Postgres
import RPC
import Reactor
package import Tenancy
package import Wire

/// One question about records, to be answered by `RecordQuery.answers` or in a transaction. Whatever is shown, compared, counted by,
/// summed or ordered by is what the caller may read: asking for more throws PERMISSION_DENIED with FIELD_NOT_READABLE.
package struct Question<Answer: Sendable>: Sendable {
    let text: String
    let parameters: Parameters
    let read: @Sendable (Rows) async throws -> Answer

    var statement: (Statement, Parameters) { (.known(unsafeGenerated: text, isScan: true), parameters) }
}

/// How many records have the same values, and the sum of theirs.
package struct RecordGroup: Sendable {
    let keys: [FieldValue?]
    package let count: Int64
    /// Exact; nil when none was asked for, or no record has a value.
    package let sum: Int128?

    /// The value of a field that names a record.
    package func id(_ key: Int) -> RecordID? { if case .id(let id) = keys[key] { id } else { nil } }

    package func text(_ key: Int) -> String? { if case .text(let text) = keys[key] { text } else { nil } }
}

extension Selection {
    /// All records in an order, as the caller may see them. The answer throws FAILED_PRECONDITION with RECORDS_TOO_MANY when there are
    /// more than `countMax`.
    ///
    /// - Parameter order: sort keys as in `order_by`; the id decides among equals, and alone when there are none.
    package func all<Value: WireMessage>(
        _ value: Value.Type, by order: [String], countMax: Int
    ) throws -> Question<[Value]> {
        let first = try first(countMax + 1, value, by: order)
        return Question(text: first.text, parameters: first.parameters) { [type = call.type] rows in
            guard rows.count <= countMax else { throw RecordErrors.recordsTooMany(type, countMax: countMax) }
            return try await first.read(rows)
        }
    }

    /// The first records in an order, as the caller may see them.
    package func first<Value: WireMessage>(
        _ limit: Int, _ value: Value.Type, by order: [String]
    ) throws -> Question<[Value]> {
        let order = try self.order(order)
        let source = order.source
        var parameters = source.parameters
        let condition = condition(&parameters)
        parameters.append(Int64(limit))
        return records(
            "SELECT \(source.columnList) FROM \(source.sql) WHERE \(condition) "
                + "ORDER BY \(order.sql) LIMIT $\(parameters.count)", by: order.sql, source, parameters)
    }

    /// The first records of each record in `wholes`, which `field` names; those of a whole follow one another in the order.
    ///
    /// - Parameter limit: most records of each.
    package func first<Value: WireMessage>(
        _ limit: Int, _ value: Value.Type, ofEach wholes: Selection, named field: String, by order: [String]
    ) throws -> Question<[Value]> {
        let (order, target) = (try self.order(order), try target(field))
        let source = order.source
        var parameters = source.parameters
        let wholeCondition = wholes.condition(&parameters)
        let condition = condition(&parameters)
        parameters.append(Int64(limit))
        let whole = wholes.call.type
        return records(
            """
            SELECT whole_id, first.* FROM (
                SELECT \(whole.standard.id.column) AS whole_id FROM \(whole.source) WHERE \(wholeCondition)
            ) AS whole CROSS JOIN LATERAL (
                SELECT \(source.columnList) FROM \(source.sql)
                WHERE \(condition) AND \(target.field.column) = whole_id
                ORDER BY \(order.sql) LIMIT $\(parameters.count)
            ) AS first
            """, by: "whole_id, \(order.sql)", source, parameters)
    }

    /// How many records there are.
    package func count() -> Question<Int64> {
        var parameters = Parameters()
        let condition = condition(&parameters)
        return Question(
            text: "SELECT count(*) FROM \(call.type.source) WHERE \(condition)", parameters: parameters
        ) { rows in try rows.one().int64(0) }
    }

    /// How many records there are of each combination of values, in the order of the values, and the sum of a whole number of theirs.
    /// Without paths there is one group, of all.
    ///
    /// - Parameter paths: fields of the records, or of records that they name, as in `account.region`: those that the caller may not
    ///   see count as without a value. A record with several choices counts with each of them.
    package func groups(by paths: [String], sum: String? = nil) throws -> Question<[RecordGroup]> {
        var source = RecordSource(call.type)
        let keys = try paths.map { try key($0, adding: &source) }
        let (targets, columns) = (keys.map(\.target), keys.map(\.column))
        let sum = try sum.map { "sum(\(try target($0).column))::text" } ?? "NULL::text"
        let list = columns.joined(separator: ", ")
        let grouping = columns.isEmpty ? "" : " GROUP BY \(list) ORDER BY \(list)"
        var parameters = source.parameters
        let condition = condition(&parameters)
        return Question(
            text: "SELECT \((["count(*)", sum] + columns).joined(separator: ", ")) FROM \(source.sql) "
                + "WHERE \(condition)\(grouping)", parameters: parameters
        ) { rows in
            var pace = Pace()
            return try await pace.map(rows) { row in
                RecordGroup(
                    keys: try targets.enumerated().map { try $1.value(row, $0 + 2) }, count: try row.int64(0),
                    sum: try row.optionalString(1).flatMap { Int128($0) })
            }
        }
    }

    /// The records that `part` selects, in this order. The answer throws RESOURCE_EXHAUSTED with ANSWER_TOO_LONG when they hold more
    /// than may be in memory at once; of those, only the first come here.
    private func records<Value: WireMessage>(
        _ part: String, by order: String, _ source: RecordSource, _ parameters: Parameters
    ) -> Question<[Value]> {
        let type = call.type
        let text = RowBytes.bounded(part, by: order, source)
        return Question(text: text, parameters: parameters) { [call] rows in
            try RowBytes.check(rows, source)
            var pace = Pace()
            return try await pace.map(rows) { row in
                let record = try type.record(row, in: call.context.arena)
                call.rights.filter(record)
                return type.told(record).value(Value.self)
            }
        }
    }

    private func order(_ keys: [String]) throws -> SortOrder {
        try SortOrder(keys.isEmpty ? [call.type.standard.id.name] : keys, call)
    }

    /// What records are grouped by, and its column in the source.
    private func key(
        _ path: String, adding source: inout RecordSource
    ) throws -> (target: FilterTarget, column: String) {
        guard let named = try ReferencePath(path, from: call.type, call.rights, call.following) else {
            if let several = FilterTarget(path, in: call.type), case .array(let column) = several.place,
                several.field.role == nil
            {
                try call.rights.requireReadable(several.field)
                return (several, source.addElements(of: column))
            }
            let target = try target(path)
            return (target, target.column)
        }
        let target = try Selection.target(named.rest, of: named.call)
        return (target, source.add(target.column, of: named))
    }

    /// A column that records are grouped by, summed by or named by: a mistake in it is one of the program.
    private func target(_ path: String) throws -> FilterTarget { try Selection.target(path, of: call) }

    private static func target(_ path: String, of call: RecordCall) throws -> FilterTarget {
        guard let target = FilterTarget(path, in: call.type), case .column = target.place else {
            preconditionFailure("\(call.type.object) has no column \(path)")
        }
        try call.rights.requireReadable(target.field)
        return target
    }
}

extension FilterTarget {
    fileprivate var column: String {
        guard case .column(let column) = place else { preconditionFailure("\(path) is no column") }
        return column
    }
}
