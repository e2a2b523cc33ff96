import Postgres
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// sales_0005 brings what was stored before into the rules.
@Suite struct OldDataTests {
    private static func deal(_ name: String, in stage: String, reason: String?) -> String {
        """
        INSERT INTO {schema}.deals (id, version, created_at, updated_at, owner_id, display_name, pipeline_id, stage_id,
            outcome_reason, stage_enter_at)
        SELECT gen_random_uuid(), 1, now(), now(), gen_random_uuid(), '\(name)', pipeline_id, id,
            \(reason.map { "'\($0)'" } ?? "NULL"), now() FROM {schema}.stages WHERE display_name = '\(stage)'
        """
    }

    private static let old = [
        deal("open", in: "Qualified", reason: "too early"), deal("lost", in: "Lost", reason: nil),
        deal("dear", in: "Lost", reason: "too dear"), deal("homeless", in: "Proposal", reason: nil),
        """
        INSERT INTO {schema}.stage_changes (id, deal_id, to_stage_id, changed_at, user_id)
        SELECT gen_random_uuid(), id, stage_id, stage_enter_at, owner_id FROM {schema}.deals
        """,
        // A stage and the pipeline went while a deal was deleted that then came back.
        "UPDATE {schema}.stages SET deleted_at = now() WHERE display_name = 'Proposal'",
        "UPDATE {schema}.pipelines SET deleted_at = now()",
        """
        INSERT INTO {schema}.pipelines (id, version, created_at, updated_at, display_name, deleted_at)
        VALUES (gen_random_uuid(), 1, now(), now(), 'Dead', now())
        """,
        """
        INSERT INTO {schema}.stages (id, version, created_at, updated_at, pipeline_id, display_name, position,
            probability_percent, category)
        SELECT gen_random_uuid(), 1, now(), now(), id, 'Dead stage', 1, 1, 1 FROM {schema}.pipelines
        WHERE display_name = 'Dead'
        """,
    ]

    @Test func everyRowFitsTheRulesAfterwards() async throws {
        try await TestService.run(
            SalesService.definition, from: 4, old: { sales in for text in Self.old { try await sales.sql(text) } },
            { sales in
                let pipeline = try await sales.defaultPipeline()
                #expect(pipeline.displayName?.hasPrefix("Sales (") == true)
                let board = try await sales.deals().getBoard(GetBoardRequest())
                #expect(board.columns.map(\.dealCount) == [1, 1, 0, 0, 2])
                let deals = try await sales.list(Deal.self, by: ["display_name"])
                #expect(deals.map(\.outcomeReason) == ["too dear", nil, "Not recorded", nil])
                for deal in deals {
                    #expect(try await sales.history(deal).map(\.outcomeReason) == [deal.outcomeReason])
                }
                let stages = try await sales.list(Stage.self)
                #expect(!stages.contains { $0.displayName == "Dead stage" })
            })
    }

    @Test func aWorkspaceWithoutADefaultPipelineGetsOne() async throws {
        try await TestService.run(
            SalesService.definition, from: 4,
            old: { sales in try await sales.sql("UPDATE {schema}.pipelines SET default_pipeline = NULL") },
            { sales in
                let pipeline = try await sales.defaultPipeline()
                #expect(pipeline.displayName == "Sales")
            })
        try await TestService.run(
            SalesService.definition, from: 4,
            old: { sales in try await sales.sql("UPDATE {schema}.pipelines SET deleted_at = now()") },
            { sales in
                let pipeline = try await sales.defaultPipeline()
                #expect(pipeline.displayName == "Sales")
                try await sales.create(Deal(displayName: "Desk"))
            })
    }

    /// What the ledger says of the creation of a pipeline or stage: its fields, and the values that are told below.
    private static let creations = """
        SELECT l.object, (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_object_keys(l.after) AS keys (key)),
            l.after ->> 'display_name', l.after ->> 'id' = l.record_id::text AND l.actor_id IS NULL
                AND l.before IS NULL AND l.occurred_at = (l.after ->> 'create_time')::timestamptz
        FROM {schema}.ledger l WHERE l.object IN ('pipeline', 'stage') AND l.record_version = 1
        ORDER BY l.object, (l.after ->> 'position')::integer
        """

    /// The first pipeline and its stages are in the ledger as if somebody had created them, in a new workspace and in one that has
    /// changed them since.
    @Test func theFirstPipelineIsInTheLedger() async throws {
        let fields = [
            "pipeline": "create_time default_pipeline display_name id",
            "stage": "category create_time display_name id pipeline_id position probability_percent",
        ]
        let names = ["Sales", "Qualified", "Proposal", "Negotiation", "Won", "Lost"]
        @Sendable func check(_ sales: TestService) async throws {
            let rows = try await sales.sql(Self.creations)
            #expect(try rows.map { try $0.string(2) } == names)
            for row in rows {
                #expect(try row.string(1) == fields[try row.string(0)])
                #expect(try row.bool(3))
            }
        }
        try await TestService.run(SalesService.definition, check)
        try await TestService.run(
            SalesService.definition, from: 5,
            old: { sales in
                let pipeline = try await sales.defaultPipeline()
                for (name, text) in [("Changed", "new"), ("Changed again", nil)] {
                    try await sales.update(
                        Pipeline(id: pipeline.id, displayName: name, description: text),
                        ["display_name", "description"])
                }
                let stage = try await sales.stage("Proposal")
                try await sales.delete(stage)
            }, check)
    }

    /// A creation by a user has the same fields in the ledger as the first ones, which a migration made.
    @Test func theFirstPipelineIsInTheLedgerAsAnyOther() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Second")
            let rows = try await sales.sql(
                """
                SELECT count(DISTINCT keys) FROM (
                    SELECT (SELECT string_agg(key || jsonb_typeof(value), ' ' ORDER BY key) FROM jsonb_each(after)) AS keys
                    FROM {schema}.ledger WHERE object = 'stage' AND record_version = 1) AS rows
                """)
            #expect(try rows.one().int64(0) == 1)
            #expect(new.new.id != nil)
        }
    }

    /// A text of a time before texts had one form is brought into it by writing it again, and by nothing else.
    @Test func anOldTextTakesItsFormWhenItIsWritten() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let typed = "Mu\u{308}ller "
            let deal = try await sales.create(Deal(displayName: "Muller", externalID: "uniq"))
            try await sales.sql("UPDATE {schema}.deals SET display_name = '\(typed)', external_id = 'uniq1 '")
            func found() async throws -> Int {
                try await sales.list(Deal.self, "display_name = 'M\u{fc}ller'").count
            }
            func update(_ deal: Deal, _ field: String) async throws -> Deal? {
                try await sales.update(deal, [field])
            }
            let other = try await update(Deal(id: deal.id, closeDate: "2027-01-31"), "close_date")
            #expect(other?.displayName?.utf8.elementsEqual(typed.utf8) == true && other?.version == 2)
            #expect(try await found() == 0)
            let same = try await update(Deal(id: deal.id, displayName: typed), "display_name")
            #expect(same?.version == 3 && same?.externalID == "uniq1 ")
            #expect(try await found() == 1)
            // The key was free meanwhile.
            try await sales.create(Deal(displayName: "Second", externalID: "uniq1"))
            let taken = try await refusal { try await update(Deal(id: deal.id, externalID: "uniq1 "), "external_id") }
            #expect(taken?.reason == "EXTERNAL_ID_TAKEN")
        }
    }
}
