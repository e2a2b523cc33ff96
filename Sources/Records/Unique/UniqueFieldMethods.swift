import AccessControl
package import Contracts
import Postgres
package import RPC
import Tenancy
import Wire

/// Serves UniqueFieldService: looks whether values of a field that is to be unique are so, and takes them, page by page, so that no statement
/// grows with the table.
package struct UniqueFieldMethods: UniqueFieldServiceCustomMethods {
    private let engine: RecordEngine

    /// Records in a statement, and the time after which a call answers how far it is.
    private static let (pageSize, callTime) = (Int64(2_000), Duration.seconds(3))
    /// Examples that a call tells.
    private static let examplesMax = 5
    /// Longest time between the moment that a write bears and its COMMIT.
    static let margin = Duration.seconds(600)

    package init(_ engine: RecordEngine) { self.engine = engine }

    package func prepareUniqueField(
        _ request: PrepareUniqueFieldRequest, _ context: CallContext
    ) async throws -> PrepareUniqueFieldResponse {
        let actor = try context.requireTenantActor()
        guard case .program(.defineFields, .some) = actor.actor else {
            throw RecordErrors.purposeMissing(.defineFields)
        }
        guard let type = engine.type(request.object ?? "", in: try await engine.model(context)) else {
            throw RecordErrors.objectUnknown(request.object ?? "", known: [])
        }
        let call = try await engine.open(context, type, writes: true)
        let fields = call.type.customFields.filter { $0.added?.number == request.fieldNumber }
        var response = PrepareUniqueFieldResponse(repeatedCount: 0)
        // A field that nobody knows here yet has no values.
        guard !fields.isEmpty else { return response }
        let sql = UniqueSQL(engine: engine, type: call.type, fields: fields)
        var place = request.place.flatMap { RecordID(bytes: $0) }
        let end = ContinuousClock.now.advanced(by: Self.callTime)
        if place == nil { try await begin(fields, call) }
        repeat {
            place = try await page(after: place ?? .zero, sql, call, &response)
        } while place != nil && ContinuousClock.now < end
        response.nextPlace = place?.bytes
        return response
    }

    private func begin(_ fields: [RecordField], _ call: RecordCall) async throws {
        _ = try await engine.commit(call.context, as: call.actor, call: call) { transaction in
            for number in fields.compactMap(\.added?.number) {
                var parameters = Parameters()
                parameters.append(number)
                parameters.append(transaction.now)
                _ = try await transaction.query(UniqueSQL.begin, parameters)
            }
        }
    }

    /// - Returns: the last record of the page; nil when it was the last page.
    private func page(
        after last: RecordID, _ sql: UniqueSQL, _ call: RecordCall, _ response: inout PrepareUniqueFieldResponse
    ) async throws -> RecordID? {
        var (count, examples, next): (Int64, [RepeatedValue], RecordID?) = (0, [], nil)
        let isTold = sql.fields.allSatisfy { call.rights.isReadable($0) }
        try await engine.commit(call.context, as: call.actor, call: call) { transaction in
            var from = Parameters()
            from.append(last)
            var size = from
            size.append(Self.pageSize)
            next = try await transaction.query(sql.lastOfPage, size).first?.id(0)
            from.append(next)
            try transaction.enqueue((sql.forgetPage, from))
            try transaction.enqueue((sql.takePage, from))
            let rows = try await transaction.query(sql.repeatedOfPage, from)
            count = Int64(rows.count)
            guard isTold else { return }
            let pairs = try rows.prefix(Self.examplesMax).map { (try $0.string(0), [try $0.id(1), try $0.id(2)]) }
            var ids = Parameters()
            ids.append(pairs.flatMap(\.1))
            let statement = call.type.lookups.existing.statement(.living, call, .read, &ids)
            let readable = pairs.isEmpty ? [] : Set(try await transaction.query(statement, ids).map { try $0.id(0) })
            examples = pairs.map { value, ids in
                RepeatedValue(value: value, recordIDs: ids.filter(readable.contains).map(\.text))
            }
        }
        response.repeatedCount = (response.repeatedCount ?? 0) + count
        response.examples += examples.prefix(Self.examplesMax - min(Self.examplesMax, response.examples.count))
        return next
    }
}
