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
        let model = try await engine.model(context)
        var response = CountModelUsesResponse()
        for number in request.objectNumbers {
            response.objectCounts.append(try await self.count(ofObject: number, context))
        }
        for field in request.fields {
            let (object, number) = (field.object ?? "", field.number ?? 0)
            // What is reckoned is lost to nobody.
            let isReckoned = model.fields(of: object).contains {
                $0.number == number && ($0.formula != nil || $0.rollUp != nil)
            }
            let type = isReckoned ? nil : engine.type(object, in: model)
            response.fieldCounts.append(try await self.count(of: number, type, context))
        }
        return response
    }

    private func count(ofObject number: Int64, _ context: CallContext) async throws -> Int64 {
        guard let template = engine.types.values.first(where: \.isTemplate) else { return 0 }
        let rows = "SELECT FROM {schema}.\(template.table) WHERE \(RecordType.ownColumn) = $1"
        return try await count(rows, context) { $0.append(number) }
    }

    private func count(of number: Int64, _ type: RecordType?, _ context: CallContext) async throws -> Int64 {
        guard let type, type.isExtensible else { return 0 }
        let rows = "SELECT FROM \(type.source) WHERE \(RecordField.customColumn) ? $1"
        return try await count(rows, context) { $0.append("\(TenantField.prefix)\(number)") }
    }

    /// How many rows a statement gives, to a bound.
    private func count(
        _ rows: String, _ context: CallContext, _ bind: (inout Parameters) -> Void
    ) async throws -> Int64 {
        var parameters = Parameters()
        bind(&parameters)
        let text = "SELECT count(*) FROM (\(rows) LIMIT \(Self.countMax)) AS found"
        return try await DatabaseErrors.translated {
            try await engine.database.read(
                context.requireTenantActor(), deadline: context.deadline.nanoseconds, engine.scan(text), parameters
            ).one().int64(0)
        }
    }
}
