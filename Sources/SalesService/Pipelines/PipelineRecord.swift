import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Pipelines: ways that deals go.
enum PipelineRecord {
    static let type = RecordType(
        message: Pipeline.descriptor, object: "pipeline", table: "pipelines", service: .sales, ownership: .shared,
        fields: [
            .field("display_name", .required, .line(100), .searchable, .unique("pipelines_display_name_key")),
            .field("description", .lines(1000)),
        ],
        constraints: [
            ConstraintRule(
                "pipelines_default_pipeline_key", fields: ["default_pipeline"], reason: "DEFAULT_PIPELINE_TAKEN")
        ],
        hooks: RecordHooks(beforeWrite: refuseDeletionWithDeals))

    /// Deals keep their pipeline.
    @Sendable private static func refuseDeletionWithDeals(
        _ change: RecordChange, _ transaction: RecordTransaction
    ) async throws {
        guard change.kind == .delete, let pipeline = change.after.id("id") else { return }
        var parameters = Parameters()
        parameters.append(pipeline)
        guard try await transaction.query(deals, parameters).isEmpty else {
            throw RPCError.failedPrecondition(
                "PIPELINE_HAS_DEALS", "The pipeline has deals; delete them or move them to another pipeline first.",
                domain: "sales")
        }
    }

    private static let deals = Statement(
        "SELECT id FROM {schema}.deals WHERE pipeline_id = $1 AND deleted_at IS NULL LIMIT 1")
}
