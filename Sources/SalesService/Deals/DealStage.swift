import Postgres
import RPC
import Records
import SalesContracts
import Tenancy

/// A stage, as far as deals are concerned. Finding one keeps it from being changed or deleted until the transaction ends.
struct DealStage: Identifiable {
    let id: RecordID
    let pipelineID: RecordID
    let category: StageCategory
    /// The stage and its pipeline are not deleted.
    let isLiving: Bool

    /// The stage that a new deal enters: the one given, or the first open one of the pipeline given or of the default
    /// one. Which one that is tells more of stages and pipelines, so the caller must be allowed to read that.
    static func entry(
        pipeline: RecordID?, stage: RecordID?, _ transaction: RecordTransaction
    ) async throws -> DealStage {
        try await requireReadable(transaction)
        if stage == nil {
            try await transaction.call(StageRecord.type).rights.requireReadable("position")
            if pipeline == nil { try await DefaultPipeline.requireReadable(transaction) }
        }
        var parameters = Parameters()
        parameters.append(stage)
        parameters.append(pipeline)
        guard let row = try await transaction.query(entryStage, parameters).first else {
            throw stage == nil ? noStage : notInPipeline
        }
        return try DealStage(row)
    }

    /// The stages with these ids, deleted ones included, by id; each is looked for once in a transaction.
    static func find(_ ids: [RecordID], _ transaction: RecordTransaction) async throws -> [RecordID: DealStage] {
        try await requireReadable(transaction)
        return try await transaction.held(ids, of: StageRecord.type) { ids in
            var parameters = Parameters()
            parameters.append(ids)
            return try await transaction.query(stages, parameters).map { try DealStage($0) }
        }
    }

    /// What is taken and what is refused of a deal tells these fields of its stage: whether a reason is due, and whose
    /// pipeline it is.
    static func requireReadable(_ transaction: RecordTransaction) async throws {
        try await transaction.call(StageRecord.type).rights.requireReadable("category", "pipeline_id")
    }

    /// The id of the stage that a stored deal is in.
    static func id(of deal: Deal) -> RecordID {
        guard let id = deal.stageID.flatMap({ RecordID($0) }) else { preconditionFailure("a deal is in a stage") }
        return id
    }

    /// The stage that a stored deal is in, among those found.
    static func current(of deal: Deal, in found: [RecordID: DealStage]) -> DealStage {
        guard let stage = found[id(of: deal)] else { preconditionFailure("deals_stage_id_fkey keeps the stage") }
        return stage
    }

    /// Throws NOT_FOUND for no stage and for a deleted one.
    static func living(_ stage: DealStage?) throws -> DealStage {
        guard let stage, stage.isLiving else {
            throw RPCError.notFound("STAGE_NOT_FOUND", "There is no such stage; list the stages.", domain: "sales")
        }
        return stage
    }

    private init(_ row: Row) throws {
        id = try row.id(0)
        pipelineID = try row.id(1)
        category = StageCategory(rawValue: try row.int32(2))
        isLiving = try row.bool(3)
    }

    private static let noStage = RPCError.failedPrecondition(
        "PIPELINE_HAS_NO_STAGE",
        "There is no pipeline with an open stage for the deal; create one, or name pipeline_id.", domain: "sales")

    private static let notInPipeline = RPCError.failedPrecondition(
        "STAGE_NOT_IN_PIPELINE",
        "The stage is not one of the pipeline; name a stage of it, or leave pipeline_id out.", domain: "sales")

    /// $1 the stage or null, $2 the pipeline or null. Pipelines are deleted with their stages, so holding the stage
    /// holds both.
    private static let entryStage = Statement(
        """
        SELECT s.id, s.pipeline_id, s.category, true
        FROM {schema}.stages s JOIN {schema}.pipelines p ON p.id = s.pipeline_id
        WHERE s.deleted_at IS NULL AND p.deleted_at IS NULL
          AND CASE WHEN $1::uuid IS NOT NULL THEN s.id = $1::uuid ELSE s.category = 1 END
          AND CASE WHEN $2::uuid IS NOT NULL THEN p.id = $2::uuid
                   ELSE $1::uuid IS NOT NULL OR p.default_pipeline END
        ORDER BY s.position, s.id
        LIMIT 1 FOR SHARE OF s
        """)

    private static let stages = Statement(
        """
        SELECT s.id, s.pipeline_id, s.category, s.deleted_at IS NULL AND p.deleted_at IS NULL
        FROM {schema}.stages s JOIN {schema}.pipelines p ON p.id = s.pipeline_id
        WHERE s.id = ANY ($1) ORDER BY s.id FOR SHARE OF s
        """)
}
