import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// A stage, as far as moving deals is concerned.
struct DealStage {
    let id: RecordID
    let pipelineID: RecordID
    let category: StageCategory

    /// Puts a new deal into its pipeline and stage: those given, or the default pipeline and its first open stage.
    @Sendable static func enterFirst(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind == .create else { return }
        let stage = try await entry(
            pipeline: change.after.id("pipeline_id"), stage: change.after.id("stage_id"), transaction)
        change.after.set("pipeline_id", stage.pipelineID)
        change.after.set("stage_id", stage.id)
        change.after.set("stage_enter_time", transaction.now)
    }

    /// Begins the stage history of a new deal.
    @Sendable static func recordFirst(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let deal = change.after.id("id"), let stage = change.after.id("stage_id") else { return }
        try record(deal: deal, from: nil, to: stage, seconds: nil, transaction)
    }

    private static func entry(
        pipeline: RecordID?, stage: RecordID?, _ transaction: RecordTransaction
    ) async throws -> DealStage {
        var parameters = Parameters()
        parameters.append(stage)
        parameters.append(pipeline)
        let rows = try await transaction.query(entryStage, parameters)
        guard let row = rows.first else {
            throw RPCError.failedPrecondition(
                stage == nil ? "PIPELINE_HAS_NO_STAGE" : "STAGE_NOT_IN_PIPELINE",
                stage == nil
                    ? "There is no pipeline with an open stage for the deal; create one, or name pipeline_id."
                    : "The stage is not one of the pipeline; name a stage of it, or leave pipeline_id out.",
                domain: "sales")
        }
        return try DealStage(row)
    }

    /// The stage to move to; NOT_FOUND when there is none.
    static func find(_ id: RecordID, _ transaction: RecordTransaction) async throws -> DealStage {
        var parameters = Parameters()
        parameters.append(id)
        guard let row = try await transaction.query(stage, parameters).first else {
            throw RPCError.notFound("STAGE_NOT_FOUND", "There is no such stage; list the stages.", domain: "sales")
        }
        return try DealStage(row)
    }

    /// Writes the stage history, with the next round trip.
    static func record(
        deal: RecordID, from: RecordID?, to: RecordID, seconds: Int64?, _ transaction: RecordTransaction
    ) throws {
        var parameters = Parameters()
        parameters.append(RecordID.make())
        parameters.append(deal)
        parameters.append(from)
        parameters.append(to)
        parameters.append(transaction.now)
        parameters.append(transaction.caller.userID.id)
        parameters.append(seconds)
        try transaction.enqueue(insertChange, parameters)
    }

    private init(_ row: Row) throws {
        id = try row.id(0)
        pipelineID = try row.id(1)
        category = StageCategory(rawValue: try row.int32(2))
    }

    private static let stage = Statement(
        "SELECT id, pipeline_id, category FROM {schema}.stages WHERE id = $1 AND deleted_at IS NULL")

    /// $1 the stage or null, $2 the pipeline or null.
    private static let entryStage = Statement(
        """
        SELECT s.id, s.pipeline_id, s.category
        FROM {schema}.stages s JOIN {schema}.pipelines p ON p.id = s.pipeline_id
        WHERE s.deleted_at IS NULL AND p.deleted_at IS NULL
          AND CASE WHEN $1::uuid IS NOT NULL THEN s.id = $1::uuid ELSE s.category = 1 END
          AND CASE WHEN $2::uuid IS NOT NULL THEN p.id = $2::uuid
                   ELSE $1::uuid IS NOT NULL OR p.default_pipeline END
        ORDER BY s.position, s.id
        LIMIT 1
        """)

    private static let insertChange = Statement(
        """
        INSERT INTO {schema}.stage_changes
            (id, deal_id, from_stage_id, to_stage_id, changed_at, user_id, seconds_in_stage)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """)
}
