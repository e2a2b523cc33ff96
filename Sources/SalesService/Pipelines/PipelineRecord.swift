import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Pipelines: ways that deals go. Their stages go and come back with them.
enum PipelineRecord {
    static let type = RecordType(
        message: Pipeline.descriptor, object: "pipeline", table: "pipelines", service: .sales, ownership: .shared,
        fields: [
            .field(
                "display_name", .required, .line(100), .searchable,
                .unique("pipelines_display_name_key", ignoringCase: true)),
            .field("description", .lines(1000)),
        ],
        constraints: [
            ConstraintRule(
                "pipelines_default_pipeline_key", fields: ["default_pipeline"], reason: "DEFAULT_PIPELINE_TAKEN")
        ],
        hooks: RecordHooks(beforeWrite: DefaultPipeline.keep, beforeLifetimeChange: takeStages))

    @Sendable private static func takeStages(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let stages = try await transaction.parts(
            StageRecord.type, of: change.recordID, by: "pipeline_id", deletedAt: change.before?.time("delete_time"))
        guard change.kind == .delete else {
            for stage in stages { try transaction.restore(stage) }
            return
        }
        // The stages are held, so that no deal can enter one meanwhile.
        var parameters = Parameters()
        parameters.append(change.recordID)
        guard try await transaction.query(deals, parameters).isEmpty else {
            throw RPCError.failedPrecondition(
                "PIPELINE_HAS_DEALS",
                "The pipeline has deals; delete them or move them with DealService/MoveDealsToPipeline first.",
                domain: "sales")
        }
        for stage in stages { try await transaction.delete(stage) }
    }

    private static let deals = Statement(
        "SELECT id FROM {schema}.deals WHERE pipeline_id = $1 AND deleted_at IS NULL LIMIT 1")
}
