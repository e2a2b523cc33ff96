import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// There is always exactly one default pipeline, and new deals can begin in it when it becomes that.
enum DefaultPipeline {
    @Sendable static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let was = change.before?.flag("default_pipeline") == true
        let will = change.after.flag("default_pipeline") == true
        switch change.kind {
        case .create where will: throw hasNoStage
        case .delete where was, .update where was && !will: throw required
        case .update where will && !was: try await takeOver(change.recordID, transaction)
        // Only one that was deleted before this rule was made can come back as the default.
        case .restore: change.after.clear("default_pipeline")
        default: return
        }
    }

    /// Takes the flag from the pipeline that has it. Two changes at once wait for each other here: the one that comes
    /// second finds the first one's pipeline, not the one it waited for.
    private static func takeOver(_ id: RecordID, _ transaction: RecordTransaction) async throws {
        var parameters = Parameters()
        parameters.append(id)
        guard try await !transaction.query(openStage, parameters).isEmpty else { throw hasNoStage }
        var previous = try await transaction.query(holder, parameters).first
        if previous == nil { previous = try await transaction.query(holder, parameters).first }
        guard let previous = try previous?.id(0) else { return }
        let record = try await transaction.load(PipelineRecord.type, id: previous.text, for: .update)
        try await transaction.update(record) { $0.clear("default_pipeline") }
    }

    private static let required = RPCError.failedPrecondition(
        "DEFAULT_PIPELINE_REQUIRED",
        "New deals go to the default pipeline, so there is always one; make another pipeline the default first.",
        domain: "sales")

    private static let hasNoStage = RPCError.failedPrecondition(
        "PIPELINE_HAS_NO_STAGE",
        "New deals could not begin in it: create the pipeline and an open stage of it, then make it the default.",
        domain: "sales")

    private static let openStage = Statement(
        "SELECT id FROM {schema}.stages WHERE pipeline_id = $1 AND category = 1 AND deleted_at IS NULL LIMIT 1")

    /// The default pipeline, unless it is $1.
    private static let holder = Statement(
        "SELECT id FROM {schema}.pipelines WHERE default_pipeline AND deleted_at IS NULL AND id <> $1 FOR UPDATE")
}
