import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Stages: the steps of a pipeline.
enum StageRecord {
    static let type = RecordType(
        message: Stage.descriptor, object: "stage", table: "stages", service: .sales, ownership: .shared,
        fields: [
            .field("pipeline_id", .required, .immutable, .reference(.record("pipeline"))),
            .field("display_name", .required, .line(100), .searchable),
            .field("position", .required, .range(1...100)),
            .field("probability_percent", .required, .range(0...100)),
            .field("category", .required),
            .field("stale_days", .range(1...3650)),
        ],
        constraints: [
            ConstraintRule(
                "stages_display_name_key", fields: ["pipeline_id", "display_name"], reason: "DISPLAY_NAME_TAKEN")
        ],
        hooks: RecordHooks(validate: certainOutcomes, beforeWrite: refuseDeletionWithDeals))

    /// Won is certain and lost is hopeless; forecasts rely on it.
    @Sendable private static func certainOutcomes(_ change: RecordChange) -> [FieldViolation] {
        let stage = change.value(Stage.self)
        let certain: Int32? = stage.category == .won ? 100 : stage.category == .lost ? 0 : nil
        guard let certain, stage.probabilityPercent != certain else { return [] }
        return [
            FieldViolation(
                field: "probability_percent", reason: "OUT_OF_RANGE",
                description: "A won stage has a probability of 100, a lost one of 0; set \(certain).")
        ]
    }

    /// Deals keep their stage.
    @Sendable private static func refuseDeletionWithDeals(
        _ change: RecordChange, _ transaction: RecordTransaction
    ) async throws {
        guard change.kind == .delete, let stage = change.after.id("id") else { return }
        var parameters = Parameters()
        parameters.append(stage)
        guard try await transaction.query(deals, parameters).isEmpty else {
            throw RPCError.failedPrecondition(
                "STAGE_HAS_DEALS", "The stage has deals; move them to another stage first.", domain: "sales")
        }
    }

    private static let deals = Statement(
        "SELECT id FROM {schema}.deals WHERE stage_id = $1 AND deleted_at IS NULL LIMIT 1")
}
