import Postgres
import RPC
import Records
import SalesContracts

/// Stages: the steps of a pipeline.
enum StageRecord {
    static let type = RecordType(
        Stage.self,
        fields: [
            .field("pipeline_id", .required, .immutable, .reference(.record("pipeline"))),
            .field("display_name", .required, .line(100)),
            .field("position", .required, .range(1...100)),
            .field("probability_percent", .required, .range(0...100)),
            .field("category", .required),
            .field("stale_days", .range(1...3650)),
        ],
        constraints: [
            ConstraintRule(
                "stages_display_name_key", fields: ["display_name", "pipeline_id"], reason: "DISPLAY_NAME_TAKEN",
                ignoringCase: true)
        ],
        rules: RecordRules(fill: requireOutcome, validate: certainOutcomes, guard: keep),
        purge: PurgeRules(
            partOf: ["pipeline_id"],
            keptBy: [TableColumn("stage_changes", "from_stage_id"), TableColumn("stage_changes", "to_stage_id")]))

    /// Which probability is allowed tells the category, and the other way round.
    @Sendable private static func requireOutcome(_ change: RecordChange) throws {
        guard change.kind == .update, change.changes("probability_percent") || change.changes("category") else {
            return
        }
        try change.call.rights.requireReadable("probability_percent", "category")
    }

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

    /// Deals keep their stage, the default pipeline its last open one, and a stage is part of its pipeline.
    @Sendable private static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        switch change.kind {
        case .create: return
        case .update: try await keepCategory(change, transaction)
        case .delete:
            try await refuseDeals(change, livingDeals, "it has deals; move them to another stage first", transaction)
            try await DefaultPipeline.keepOpenStage(change, transaction)
        case .restore:
            try await transaction.requireLiving(PipelineRecord.type, namedBy: "pipeline_id", of: change)
        }
    }

    /// A stage that deals are in, deleted ones included, keeps what it stands for: a change would win, lose or reopen them
    /// without a reason, without a word in their history, and without anybody's right to change them. The stage is
    /// locked, so that no deal can enter it meanwhile. The last open stage of the default pipeline stays open.
    private static func keepCategory(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.changes("category") else { return }
        try await refuseDeals(
            change, allDeals,
            "it has, or had when they were deleted, deals, so its category stays; create a stage of the other category "
                + "and move the deals to it", transaction)
        try await DefaultPipeline.keepOpenStage(change, transaction)
    }

    private static func refuseDeals(
        _ change: RecordChange, _ deals: Statement, _ advice: String, _ transaction: RecordTransaction
    ) async throws {
        let use = DealUse(reason: "STAGE_HAS_DEALS", object: "stage", advice: advice)
        try await use.refuse(change.recordID, deals, transaction)
    }

    private static let livingDeals = Statement(
        "SELECT id FROM {schema}.deals WHERE stage_id = $1 AND deleted_at IS NULL LIMIT 1")

    private static let allDeals = Statement("SELECT id FROM {schema}.deals WHERE stage_id = $1 LIMIT 1")
}
