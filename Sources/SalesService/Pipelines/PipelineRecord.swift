import Postgres
import RPC
import Records
import SalesContracts

/// Pipelines: ways that deals go. Their stages go and come back with them.
enum PipelineRecord {
    static let type = RecordType(
        Pipeline.self,
        fields: [
            .field(
                "display_name", .required, .line(100),
                .unique("pipelines_display_name_key", ignoringCase: true)),
            .field("description", .lines(1000)),
        ],
        constraints: [
            ConstraintRule(
                "pipelines_default_pipeline_key", fields: ["default_pipeline"], reason: "DEFAULT_PIPELINE_TAKEN")
        ],
        rules: RecordRules(guard: keep, follow: takeStages))

    @Sendable private static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await DefaultPipeline.keep(change, transaction)
        if change.kind == .delete { try await refuseDeals(change, transaction) }
    }

    /// The stages are held, so that no deal can enter one meanwhile.
    private static func refuseDeals(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        _ = try await transaction.parts(StageRecord.type, of: change.recordID, by: "pipeline_id")
        let use = DealUse(
            reason: "PIPELINE_HAS_DEALS", object: "pipeline",
            advice: "it has deals; delete them or move them with DealService/MoveDealsToPipeline first")
        try await use.refuse(change.recordID, deals, transaction)
    }

    @Sendable private static func takeStages(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind == .delete || change.kind == .restore else { return }
        let stages = try await transaction.parts(
            StageRecord.type, of: change.recordID, by: "pipeline_id", deletedAt: change.before?.time("delete_time"))
        for stage in stages {
            _ = try await change.kind == .delete ? transaction.delete(stage) : transaction.restore(stage)
        }
    }

    private static let deals = Statement(
        "SELECT id FROM {schema}.deals WHERE pipeline_id = $1 AND deleted_at IS NULL LIMIT 1")
}
