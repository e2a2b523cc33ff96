import AccessControl
package import Contracts
import Postgres
package import RPC
import Tenancy
import TenantDatabase

/// Serves ModelUseService: how many records there are of objects, and with values in fields, that are about to be taken away.
package struct ModelUseMethods: ModelUseServiceCustomMethods {
    private let engine: RecordEngine

    /// Records that are counted: whoever has more loses them as well.
    package static let countMax: Int64 = 1_000
    /// Objects and fields of one call.
    private static let itemsMax = 2_000

    package init(_ engine: RecordEngine) { self.engine = engine }

    package func countModelUses(
        _ request: CountModelUsesRequest, _ context: CallContext
    ) async throws -> CountModelUsesResponse {
        guard case .program(.defineFields, .some) = try context.requireTenantActor().actor else {
            throw RecordErrors.purposeMissing(.defineFields)
        }
        let count = request.objectNumbers.count + request.fields.count
        guard count <= Self.itemsMax else {
            throw RecordErrors.batchSize(count, of: "objects and fields", max: Self.itemsMax)
        }
        var response = CountModelUsesResponse()
        for number in request.objectNumbers {
            response.objectCounts.append(try await self.count(ofObject: number, context))
        }
        var counts: [CountedField: Int64] = [:]
        let model = try await engine.model(context)
        for (object, fields) in Dictionary(grouping: request.fields, by: { $0.object ?? "" }) {
            guard let type = engine.type(object, in: model), type.isExtensible else { continue }
            // What is reckoned is lost to nobody.
            let reckoned = Set(
                model.fields(of: object).filter { $0.formula != nil || $0.rollUp != nil }.map(\.number))
            let numbers = Set(fields.compactMap(\.number)).subtracting(reckoned)
            for (number, count) in try await self.counts(of: numbers, type, context) {
                counts[CountedField(object: object, number: number)] = count
            }
        }
        response.fieldCounts = request.fields.map { counts[$0] ?? 0 }
        return response
    }

    private func count(ofObject number: Int64, _ context: CallContext) async throws -> Int64 {
        guard let template = engine.types.values.first(where: \.isTemplate) else { return 0 }
        let rows = "SELECT FROM {schema}.\(template.table) WHERE \(RecordType.ownColumn) = $1"
        return try await count(rows, context) { $0.append(number) }
    }

    /// Of fields of one kind of records: its table is read once for all of them. Where it has more with a value than are counted, it is read again for those
    /// fields of which there was none among them, so that none that has values is told to have none.
    private func counts(
        of numbers: Set<Int64>, _ type: RecordType, _ context: CallContext
    ) async throws -> [Int64: Int64] {
        let column = RecordField.customColumn
        var (counts, left): ([Int64: Int64], Set<Int64>) = ([:], numbers)
        while !left.isEmpty {
            let keys = Dictionary(uniqueKeysWithValues: left.map { ("\(TenantField.prefix)\($0)", $0) })
            var parameters = Parameters()
            parameters.append(keys.keys.sorted())
            let text = """
                WITH found AS MATERIALIZED (
                    SELECT ARRAY(SELECT key FROM unnest($1::text[]) AS key WHERE \(column) ? key) AS held
                    FROM \(type.source) WHERE \(column) ?| $1::text[] LIMIT \(Self.countMax))
                SELECT '', count(*) FROM found UNION ALL SELECT key, count(*) FROM found, unnest(held) AS key GROUP BY key
                """
            let rows = try await read(text, parameters, context)
            var isCut = false
            for row in rows {
                let count = try row.int64(1)
                guard let number = keys[try row.string(0)] else {
                    isCut = count >= Self.countMax
                    continue
                }
                counts[number] = count
                left.remove(number)
            }
            if !isCut { break }
        }
        return counts
    }

    /// How many rows a statement gives, to a bound.
    private func count(
        _ rows: String, _ context: CallContext, _ bind: (inout Parameters) -> Void
    ) async throws -> Int64 {
        var parameters = Parameters()
        bind(&parameters)
        let text = "SELECT count(*) FROM (\(rows) LIMIT \(Self.countMax)) AS found"
        return try await read(text, parameters, context).one().int64(0)
    }

    private func read(_ text: String, _ parameters: Parameters, _ context: CallContext) async throws -> Rows {
        try await DatabaseErrors.translated {
            try await engine.database.read(
                context.requireTenantActor(), deadline: context.deadline.nanoseconds, engine.scan(text), parameters)
        }
    }
}
