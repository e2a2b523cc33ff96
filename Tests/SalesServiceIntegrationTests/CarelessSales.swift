import AccessControl
import Contracts
import RPC
import Records
import SalesContracts
import ServiceHost
import Tenancy
import TestService

@testable import SalesService

/// Sales, with a method in the place of MoveDealStage that asks no rule itself and does what `outcome_reason` says: `delete`, `edit` (the
/// description, as the caller), `FIELD=VALUE` and `FIELD` (set or cleared by the program). Anything else shows the deal.
enum CarelessSales {
    static let definition = ServiceDefinition(
        SalesMigrations.stream, records: SalesService.definition.records,
        methods: { engine, router in
            router.serve(DealServiceMethods.moveDealStage) { try await obey($0, $1, engine) }
            router.serve(DealServiceMethods.listStageHistory, DealMethods(engine: engine).listStageHistory)
        })

    @Sendable private static func obey(
        _ request: MoveDealStageRequest, _ context: CallContext, _ engine: RecordEngine
    ) async throws -> MoveDealStageResponse {
        let account = request.stageID.flatMap { RecordID($0) }
        let named = account.map { [NamedReference(DealRecord.type, "account_id", $0)] } ?? []
        return try await engine.transaction(context, request: request, naming: named) { transaction in
            let record = try await transaction.load(DealRecord.type, id: request.id, for: .read)
            let words = (request.outcomeReason ?? "").split(separator: "=", maxSplits: 1).map(String.init)
            var stored = record.value(Deal.self)
            switch (words[0], words.count) {
            case ("delete", _): try await transaction.delete(record)
            case ("edit", _): try await transaction.update(record, by: .caller) { $0.set("description", "x") }
            case ("show", _): break
            case (let field, let count):
                let message = try await transaction.update(record, by: .program) { deal in
                    if count == 2 { deal.set(field, words[1]) } else { deal.clear(field) }
                }
                stored = message.value(Deal.self)
            }
            // Not as the caller may see it.
            return MoveDealStageResponse(deal: stored)
        }
    }
}

extension TestService {
    /// Has the careless method do something to a deal.
    ///
    /// - Parameter account: one that the method names before its transaction begins.
    @discardableResult
    func carelessly(
        _ order: String, _ deal: Deal, naming account: RecordID? = nil, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Deal? {
        let request = MoveDealStageRequest(id: deal.id, stageID: account?.text, outcomeReason: order)
        return try await deals(as: user, requestID: requestID).moveDealStage(request).deal
    }
}
