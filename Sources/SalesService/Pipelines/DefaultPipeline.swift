import AccessControl
import Postgres
import RPC
import Records
import SalesContracts
import Tenancy

/// There is always exactly one default pipeline, and new deals can begin in it: it has an open stage.
enum DefaultPipeline {
    @Sendable static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let was = change.before?.flag("default_pipeline") == true
        let will = change.after.flag("default_pipeline") == true
        if change.kind == .delete { try await requireReadable(transaction) }
        switch change.kind {
        case .create where will: throw hasNoStage
        case .delete where was: throw required
        // The flag goes when another pipeline takes it over, and only then.
        case .update where was && !will && change.cause == nil: throw required
        case .update where will && !was: try await takeOver(change.recordID, transaction)
        // Only one that was deleted before this rule was made can come back as the default.
        case .restore where will: change.after.clear("default_pipeline")
        default: return
        }
    }

    /// Refuses the end of the last open stage of the default pipeline: the stage of the change, which is locked, is
    /// deleted or becomes a won or lost one. Who makes a pipeline the default holds an open stage of it
    /// (`hasOpenStage`), so either this change waits and then finds the flag, or the other finds no stage. The pipeline
    /// is not locked: deals lock it before their stage, and would wait for this change while it waits for them.
    static func keepOpenStage(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await requireReadable(transaction)
        try await DealStage.requireReadable(transaction)
        guard let before = change.before?.value(Stage.self), before.category == .open,
            let pipeline = change.after.id("pipeline_id")
        else { return }
        var parameters = Parameters()
        parameters.append(pipeline)
        guard try await !transaction.query(isDefault, parameters).isEmpty else { return }
        guard try await !hasOpenStage(pipeline, besides: change.recordID, transaction) else { return }
        throw lastStage
    }

    /// That a change is refused, or where a new deal goes, tells which pipeline is the default.
    static func requireReadable(_ transaction: RecordTransaction) async throws {
        try await transaction.call(PipelineRecord.type).rights.requireReadable("default_pipeline")
    }

    /// Whether the pipeline has an open stage, which is then held until the transaction ends. One that nobody is
    /// changing is preferred, so that two changes of stages do not wait for each other while there is a third stage.
    private static func hasOpenStage(
        _ pipeline: RecordID, besides stage: RecordID? = nil, _ transaction: RecordTransaction
    ) async throws -> Bool {
        var parameters = Parameters()
        parameters.append(pipeline)
        parameters.append(stage)
        if try await !transaction.query(freeOpenStage, parameters).isEmpty { return true }
        return try await !transaction.query(openStage, parameters).isEmpty
    }

    /// Takes the flag from the pipeline that has it. Two changes at once wait for each other here: the one that comes
    /// second finds the first one's pipeline, not the one it waited for.
    private static func takeOver(_ id: RecordID, _ transaction: RecordTransaction) async throws {
        try await DealStage.requireReadable(transaction)
        guard try await hasOpenStage(id, transaction) else { throw hasNoStage }
        var parameters = Parameters()
        parameters.append(id)
        var previous = try await transaction.query(holder, parameters).first
        if previous == nil { previous = try await transaction.query(holder, parameters).first }
        guard let previous = try previous?.id(0) else { return }
        let record = try await transaction.load(PipelineRecord.type, id: previous.text, for: .update)
        try await transaction.update(record, by: .program) { $0.clear("default_pipeline") }
    }

    private static let required = RPCError.failedPrecondition(
        "DEFAULT_PIPELINE_REQUIRED",
        "New deals go to the default pipeline, so there is always one; make another pipeline the default first.",
        domain: "sales")

    private static let lastStage = RPCError.failedPrecondition(
        "DEFAULT_PIPELINE_REQUIRED",
        "New deals go to the default pipeline, and this is its last open stage; make another pipeline the default, or "
            + "add an open stage first.", domain: "sales")

    private static let hasNoStage = RPCError.failedPrecondition(
        "PIPELINE_HAS_NO_STAGE",
        "New deals could not begin in it: create the pipeline and an open stage of it, then make it the default.",
        domain: "sales")

    private static let isDefault = Statement(
        "SELECT id FROM {schema}.pipelines WHERE id = $1 AND default_pipeline AND deleted_at IS NULL")

    /// An open stage of the pipeline $1, but not the stage $2 (or null).
    private static let openStage = Statement(
        """
        SELECT id FROM {schema}.stages WHERE pipeline_id = $1 AND category = 1 AND deleted_at IS NULL
          AND id IS DISTINCT FROM $2::uuid ORDER BY id LIMIT 1 FOR SHARE
        """)

    /// The same, of those that no other transaction is changing.
    private static let freeOpenStage = Statement(
        """
        SELECT id FROM {schema}.stages WHERE pipeline_id = $1 AND category = 1 AND deleted_at IS NULL
          AND id IS DISTINCT FROM $2::uuid ORDER BY id LIMIT 1 FOR SHARE SKIP LOCKED
        """)

    /// The default pipeline, unless it is $1.
    private static let holder = Statement(
        "SELECT id FROM {schema}.pipelines WHERE default_pipeline AND deleted_at IS NULL AND id <> $1 FOR UPDATE")
}
