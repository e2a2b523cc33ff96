import AccessControl
import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// What a field policy hides is hidden in everything that is made of it, refusals included. Each test is a way to find it out
/// that has been tried.
@Suite struct HiddenFieldTests {
    /// Does everything, but for these fields.
    private func user(_ sales: TestService, hiding object: String, _ field: String, _ level: FieldLevel) -> UserID {
        sales.makeUser([("*", "*", .all)], hiding: [(object, field, level)])
    }

    private static let levels = [FieldLevel.none, .masked]

    /// Expects that all of these are refused in the same words, for the field.
    private func expectHidden(
        _ field: String, _ refusals: [RPCError?], location: SourceLocation = #_sourceLocation
    ) {
        for refused in refusals {
            #expect(
                refused?.code == .permissionDenied && refused?.reason == "FIELD_NOT_READABLE"
                    && refused?.details.map(\.value) == [field], "\(refused.map { "\($0)" } ?? "no refusal")",
                sourceLocation: location)
        }
        #expect(Set(refusals.map { $0?.message }).count == 1, sourceLocation: location)
    }

    /// No right at all on stages or pipelines tells no more than a field that is hidden.
    @Test func whoMayReadNoStageLearnsNothingOfStages() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let (proposal, lost) = (try await sales.stage("Proposal"), try await sales.stage("Lost"))
            let gone = try await sales.create(Deal(displayName: "Chair", stageID: lost.id, outcomeReason: "too dear"))
            let ofDeals = sales.makeUser([("deal", "*", .all)])
            let ofStages = sales.makeUser([("stage", "*", .all)])
            let refusals = [
                try await refusal { try await sales.update(deal, reason: "because", as: ofDeals) },
                try await refusal { try await sales.update(gone, reason: "", as: ofDeals) },
                try await refusal { try await sales.create(Deal(displayName: "Lamp"), as: ofDeals) },
                try await refusal { try await sales.delete(proposal, as: ofStages) },
            ]
            for refused in refusals {
                #expect(refused?.code == .permissionDenied, "\(refused?.reason ?? "none")")
                #expect(refused?.reason == "PERMISSION_MISSING")
            }
        }
    }

    @Test(arguments: levels) func theStageOfADealTellsNoHiddenPipeline(_ level: FieldLevel) async throws {
        try await TestService.run(SalesService.definition) { sales in
            try await sales.create(Deal(displayName: "Desk"))
            let pipeline = try await sales.defaultPipeline().id ?? ""
            let hidden = user(sales, hiding: "deal", "pipeline_id", level)
            func list(_ text: String, as user: UserID) async throws -> Int {
                try await sales.list(Deal.self, text, as: user).count
            }
            let attempts = [
                "stage.pipeline_id = '\(pipeline)'", "stage.pipeline_id != '\(pipeline)'", "stage.pipeline_id is set",
                "not (display_name = Chair or stage.pipeline_id in ('\(pipeline)'))",
                "pipeline.display_name is set", "pipeline_id = '\(pipeline)'",
            ]
            var refused: [RPCError?] = []
            for text in attempts {
                #expect(
                    try await list(text, as: sales.clerk()) == (text.contains("!=") || text.hasPrefix("not") ? 0 : 1))
                refused.append(try await refusal { try await list(text, as: hidden) })
                refused.append(
                    try await refusal {
                        try await sales.deals(as: hidden).getBoard(GetBoardRequest(filterExpression: text))
                    })
            }
            for key in ["pipeline_id", "pipeline_id desc"] {
                refused.append(
                    try await refusal { try await sales.list(Deal.self, by: [key], as: hidden) })
            }
            expectHidden("pipeline_id", refused)
            // Whether a move changes the pipeline.
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let other = try await sales.makePipeline("Other").new
            expectHidden(
                "pipeline_id",
                [
                    try await refusal {
                        try await sales.move(deal, to: try await sales.stage("Proposal"), as: hidden)
                    }, try await refusal { try await sales.move(deal, to: other, as: hidden) },
                ])
        }
    }

    @Test(arguments: levels) func nothingTellsWhetherAHiddenStageIsLost(_ level: FieldLevel) async throws {
        try await TestService.run(SalesService.definition) { sales in
            let old = try await sales.defaultPipeline()
            let lost = try await sales.stage("Lost")
            let open = try await sales.stage("Proposal")
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let dead = try await sales.create(Deal(displayName: "Desk", stageID: lost.id, outcomeReason: "too dear"))
            let other = try await sales.makePipeline("Other")
            let hidden = user(sales, hiding: "stage", "category", level)
            let client = sales.deals(as: hidden)
            var refused: [RPCError?] = []
            for stage in [open, lost] {
                for reason in [nil, "too dear"] {
                    refused.append(
                        try await refusal { try await sales.move(deal, to: stage, reason: reason, as: hidden) })
                    refused.append(
                        try await refusal {
                            try await sales.create(
                                Deal(displayName: "Lamp", stageID: stage.id, outcomeReason: reason), as: hidden)
                        })
                }
            }
            for deal in [deal, dead] {
                refused.append(
                    try await refusal {
                        try await client.updateDeal(
                            UpdateDealRequest(
                                record: Deal(id: deal.id, outcomeReason: "x"), updateMask: ["outcome_reason"])
                        )
                    })
            }
            for target in [other.new, other.gone] {
                let map = StageMapping(fromStageID: open.id, toStageID: target.id)
                refused.append(
                    try await refusal {
                        try await client.moveDealsToPipeline(
                            MoveDealsToPipelineRequest(pipelineID: old.id, stages: [map]))
                    })
            }
            // A new deal begins in an open stage.
            refused.append(try await refusal { try await sales.create(Deal(displayName: "Lamp"), as: hidden) })
            // Won is certain.
            for stage in [open, try await sales.stage("Won")] {
                refused.append(
                    try await refusal {
                        try await sales.update(
                            Stage(id: stage.id, probabilityPercent: 70), ["probability_percent"], as: hidden)
                    })
            }
            // The last open stage of the default pipeline stays; a pipeline without one is no default.
            for stage in [open, lost] {
                refused.append(
                    try await refusal {
                        try await sales.delete(
                            Stage.self, try await sales.addStage("New \(stage.id ?? "")", to: old).id, as: hidden)
                    })
            }
            refused.append(
                try await refusal {
                    try await sales.update(
                        Pipeline(id: other.pipeline.id, defaultPipeline: true), ["default_pipeline"], as: hidden)
                })
            expectHidden("category", refused)
            let batch = try await client.batchCreateDeals(
                BatchCreateDealsRequest(records: [
                    Deal(displayName: "Lamp", stageID: lost.id), Deal(displayName: "Lamp", stageID: open.id),
                ]))
            #expect(batch.results.map(\.reason) == ["FIELD_NOT_READABLE", "FIELD_NOT_READABLE"])
            for untouched in [deal, dead] { #expect(try await sales.get(untouched).version == 1) }
        }
    }

    @Test(arguments: levels) func nothingTellsTheDefaultPipeline(_ level: FieldLevel) async throws {
        try await TestService.run(SalesService.definition) { sales in
            let other = try await sales.makePipeline("Other")
            let hidden = user(sales, hiding: "pipeline", "default_pipeline", level)
            let isDefault = try await sales.defaultPipeline()
            var refused = [
                try await refusal { try await sales.create(Deal(displayName: "Desk"), as: hidden) },
                try await refusal { try await sales.deals(as: hidden).getBoard(GetBoardRequest()) },
            ]
            for pipeline in [isDefault, other.pipeline] {
                refused.append(
                    try await refusal {
                        try await sales.delete(pipeline, as: hidden)
                    })
            }
            for stage in [try await sales.stage("Proposal"), other.new] {
                refused.append(
                    try await refusal {
                        try await sales.delete(stage, as: hidden)
                    })
                refused.append(
                    try await refusal {
                        try await sales.update(
                            Stage(id: stage.id, probabilityPercent: 100, category: .won),
                            ["category", "probability_percent"], as: hidden)
                    })
            }
            expectHidden("default_pipeline", refused)
            // Where it is named, nothing is told.
            for deal in [
                Deal(displayName: "Desk", pipelineID: isDefault.id), Deal(displayName: "Desk", stageID: other.new.id),
            ] {
                try await sales.create(deal, as: hidden)
            }
        }
    }

    /// The stage that a deal enters by itself is the first of its pipeline; the one that it is put into brings its pipeline.
    @Test(arguments: levels) func aNewDealTellsNothingOfItsStage(_ level: FieldLevel) async throws {
        try await TestService.run(SalesService.definition) { sales in
            let pipeline = try await sales.defaultPipeline()
            let stage = try await sales.stage("Proposal")
            let unplaced = user(sales, hiding: "stage", "position", level)
            expectHidden(
                "position",
                [
                    try await refusal { try await sales.create(Deal(displayName: "Desk"), as: unplaced) },
                    try await refusal {
                        try await sales.create(Deal(displayName: "Desk", pipelineID: pipeline.id), as: unplaced)
                    },
                ])
            try await sales.create(Deal(displayName: "Desk", stageID: stage.id), as: unplaced)
            let homeless = user(sales, hiding: "stage", "pipeline_id", level)
            let deal = try await sales.create(Deal(displayName: "Desk"))
            expectHidden(
                "pipeline_id",
                [
                    try await refusal {
                        try await sales.create(Deal(displayName: "Desk", stageID: stage.id), as: homeless)
                    },
                    try await refusal {
                        try await sales.create(
                            Deal(displayName: "Desk", pipelineID: pipeline.id, stageID: stage.id), as: homeless)
                    },
                    try await refusal { try await sales.move(deal, to: stage, as: homeless) },
                ])
            // Whether a reason may be taken off tells where the deal is.
            let unstaged = user(sales, hiding: "deal", "stage_id", level)
            let refused = try await refusal {
                try await sales.update(Deal(id: deal.id, outcomeReason: "x"), ["outcome_reason"], as: unstaged)
            }
            expectHidden("stage_id", [refused])
        }
    }

    @Test(arguments: levels) func aRefusedRestoreNamesNoHiddenRecord(_ level: FieldLevel) async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Short-lived")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: new.new.id))
            try await sales.delete(deal)
            try await sales.delete(new.new)
            func restore(as user: UserID?) async throws -> RPCError? {
                try await refusal { try await sales.restore(deal, as: user) }
            }
            #expect(try await restore(as: nil)?.details.map(\.value) == ["stage_id", "stage", new.new.id ?? ""])
            let hidden = try await restore(as: user(sales, hiding: "deal", "stage_id", level))
            #expect(hidden?.reason == "REFERENCE_DELETED" && hidden?.details.map(\.value) == ["stage_id", "stage"])
        }
    }
}
