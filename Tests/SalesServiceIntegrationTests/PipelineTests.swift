import AccessControl
import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// There is always exactly one default pipeline, and deals can leave any other.
@Suite struct PipelineTests {
    private func makeDefault(_ sales: TestService, _ pipeline: Pipeline, _ flag: Bool? = true) async throws {
        try await sales.update(Pipeline(id: pipeline.id, defaultPipeline: flag), ["default_pipeline"])
    }

    @Test func theDefaultCanOnlyPassOn() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let first = try await sales.defaultPipeline()
            for flag in [false, nil] {
                #expect(
                    try await refusal { try await makeDefault(sales, first, flag) }?.reason
                        == "DEFAULT_PIPELINE_REQUIRED")
            }
            let deletion = try await refusal { try await sales.delete(first) }
            #expect(deletion?.reason == "DEFAULT_PIPELINE_REQUIRED")
            // One in which no deal could begin is no default.
            let born = try await refusal {
                try await sales.create(Pipeline(displayName: "Born", defaultPipeline: true))
            }
            #expect(born?.reason == "PIPELINE_HAS_NO_STAGE")
            let bare = try await sales.create(Pipeline(displayName: "Bare"))
            let empty = try await refusal { try await makeDefault(sales, bare) }
            #expect(empty?.reason == "PIPELINE_HAS_NO_STAGE")
            let second = try await sales.makePipeline("Second")
            try await makeDefault(sales, second.pipeline)
            #expect(try await sales.defaultPipeline().id == second.pipeline.id)
            #expect(try await sales.create(Deal(displayName: "Desk")).stageID == second.new.id)
            // The ledger tells of both.
            let told = try await sales.number(
                "SELECT count(*) FROM {schema}.ledger WHERE object = 'pipeline' AND method LIKE '%UpdatePipeline'")
            #expect(told == 2)
            try await sales.delete(first)
            let back = try await sales.restore(first)
            #expect(back.defaultPipeline == nil)
        }
    }

    @Test func theDefaultKeepsItsLastOpenStage() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            // Another pipeline may lose it, and then deals cannot begin there.
            let other = try await sales.makePipeline("Other one")
            try await sales.close(other.new)
            let closed = try await refusal { try await makeDefault(sales, other.pipeline) }
            #expect(closed?.reason == "PIPELINE_HAS_NO_STAGE")
            try await makeDefault(sales, new.pipeline)
            for refused in [
                try await refusal { try await sales.delete(new.new) },
                try await refusal { try await sales.close(new.new) },
            ] {
                #expect(refused?.code == .failedPrecondition && refused?.reason == "DEFAULT_PIPELINE_REQUIRED")
                #expect(refused?.message.contains("add an open stage") == true)
            }
            // What is no open stage goes, and everything about the last one but its end changes.
            try await sales.delete(new.done)
            try await sales.update(Stage(id: new.new.id, displayName: "First"), ["display_name"])
            let second = try await sales.addStage("Second", to: new.pipeline)
            try await sales.delete(new.new)
            #expect(try await refusal { try await sales.close(second) }?.reason == "DEFAULT_PIPELINE_REQUIRED")
            let deal = try await sales.create(Deal(displayName: "Desk"))
            #expect(deal.stageID == second.id)
            // The other cure: another pipeline is the default.
            let third = try await sales.makePipeline("Third one")
            try await makeDefault(sales, third.pipeline)
            try await sales.move(deal, to: third.new)
            try await sales.delete(second)
        }
    }

    /// A pipeline becomes the default while its open stages end, each in its own transaction.
    @Test func theDefaultHasAnOpenStageWhoeverComesFirst() async throws {
        try await TestService.run(SalesService.definition) { sales in
            for round in 0..<5 {
                let new = try await sales.makePipeline("Round \(round)")
                let second = try await sales.addStage("Second", to: new.pipeline)
                try await withThrowingTaskGroup(of: RPCError?.self) { group in
                    group.addTask { try await refusal { try await makeDefault(sales, new.pipeline) } }
                    group.addTask { try await refusal { try await sales.delete(new.new) } }
                    group.addTask { try await refusal { try await sales.close(second) } }
                    for try await refused in group {
                        guard let refused else { continue }
                        #expect(refused.code == .failedPrecondition || refused.code == .aborted, "\(refused)")
                    }
                }
                let open = try await sales.number(
                    """
                    SELECT count(*) FROM {schema}.stages s JOIN {schema}.pipelines p ON p.id = s.pipeline_id
                    WHERE p.default_pipeline AND s.category = 1 AND s.deleted_at IS NULL AND p.deleted_at IS NULL
                    """)
                #expect(open > 0)
                try await sales.create(Deal(displayName: "Desk"))
            }
        }
    }

    @Test func namesOfStagesAreTheSameInAnyCase() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            func stage(_ name: String) -> Stage {
                Stage(
                    pipelineID: new.pipeline.id, displayName: name, position: 9, probabilityPercent: 50,
                    category: .open)
            }
            let alone = try await refusal { try await sales.create(stage("dONE")) }
            #expect(alone?.reason == "DISPLAY_NAME_TAKEN")
            #expect(alone?.fieldViolations.map(\.field) == ["stage.display_name", "stage.pipeline_id"])
            let answer = try await sales.batchCreate([stage("done"), stage("Later"), stage("LATER"), stage("Last")])
            #expect(answer.results.map(\.reason) == ["DISPLAY_NAME_TAKEN", nil, "DISPLAY_NAME_TAKEN", nil])
            #expect(answer.results.map(\.field) == ["stages[0].display_name", nil, "stages[2].display_name", nil])
        }
    }

    @Test func changesAtOnceLeaveOneDefault() async throws {
        try await TestService.run(SalesService.definition) { sales in
            var pipelines = [try await sales.defaultPipeline()]
            for name in ["A", "B", "C", "D"] { pipelines.append(try await sales.makePipeline(name).pipeline) }
            let all = pipelines
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<20 {
                    group.addTask {
                        do {
                            try await makeDefault(sales, all[round % all.count])
                        } catch let error as RPCError {
                            // Whoever comes too late is told so, and may try again.
                            #expect(error.code == .aborted || error.reason == "DEFAULT_PIPELINE_TAKEN", "\(error)")
                        }
                    }
                    group.addTask { try await sales.create(Deal(displayName: "Deal \(round)")) }
                }
                try await group.waitForAll()
            }
            _ = try await sales.defaultPipeline()
        }
    }

    @Test func dealsMoveToAnotherPipelineByAMap() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let old = try await sales.defaultPipeline()
            let new = try await sales.makePipeline("New one")
            let lost = try await sales.stage("Lost")
            let open = try await sales.create(Deal(displayName: "open"))
            let dead = try await sales.create(Deal(displayName: "dead", stageID: lost.id, outcomeReason: "too dear"))
            let won = try await sales.create(Deal(displayName: "won", stageID: try await sales.stage("Won").id))
            func request(_ map: [(String, Stage)], _ reason: String? = nil) async throws -> MoveDealsToPipelineRequest {
                var stages: [StageMapping] = []
                for (name, to) in map {
                    stages.append(
                        StageMapping(fromStageID: try await sales.stage(name, of: old.id).id, toStageID: to.id))
                }
                return MoveDealsToPipelineRequest(pipelineID: old.id, stages: stages, outcomeReason: reason)
            }
            let partial = try await request([("Qualified", new.new)])
            #expect(
                try await refusal { try await sales.deals().moveDealsToPipeline(partial) }?.reason == "STAGE_NOT_MAPPED"
            )
            let losing = try await request([("Qualified", new.gone), ("Lost", new.gone), ("Won", new.done)])
            #expect(try await refusal { try await sales.deals().moveDealsToPipeline(losing) }?.reason == "REQUIRED")
            let whole = try await request(
                [("Qualified", new.gone), ("Lost", new.gone), ("Won", new.new)], "pipeline was closed")
            let answer = try await sales.deals(requestID: "m").moveDealsToPipeline(whole)
            #expect(answer.movedCount == 3 && answer.remainingCount == 0)
            #expect(try await sales.deals(requestID: "m").moveDealsToPipeline(whole) == answer)
            #expect(try await sales.deals().moveDealsToPipeline(whole).movedCount == 0)
            let moved = [try await sales.get(open), try await sales.get(dead), try await sales.get(won)]
            #expect(moved.map(\.stageID) == [new.gone.id, new.gone.id, new.new.id])
            #expect(moved.allSatisfy { $0.pipelineID == new.pipeline.id && $0.version == 2 })
            // Each loss keeps its own reason; what is open again has none.
            #expect(moved.map(\.outcomeReason) == ["pipeline was closed", "too dear", nil])
            #expect(try await sales.history(dead).map(\.outcomeReason) == ["too dear", "too dear"])
            let ledger = try await sales.number(
                "SELECT count(*) FROM {schema}.ledger WHERE method LIKE '%MoveDealsToPipeline' AND object = 'deal'")
            #expect(ledger == 3)
            // Now the advice of PIPELINE_HAS_DEALS has been followed.
            try await makeDefault(sales, new.pipeline)
            try await sales.delete(old)
        }
    }

    /// The request's reason is that of losses: who wins by the move has none, who was won keeps the one given for it.
    @Test func dealsThatAMoveWinsGetNoReason() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            let (open, won, lost) = (
                try await sales.stage("Qualified"), try await sales.stage("Won"), try await sales.stage("Lost")
            )
            let deals = [
                try await sales.create(Deal(displayName: "open")),
                try await sales.create(Deal(displayName: "lost", stageID: lost.id, outcomeReason: "too dear")),
                try await sales.create(Deal(displayName: "won", stageID: won.id, outcomeReason: "best price")),
                try await sales.create(Deal(displayName: "won without", stageID: won.id)),
            ]
            let answer = try await sales.deals().moveDealsToPipeline(
                MoveDealsToPipelineRequest(
                    pipelineID: open.pipelineID,
                    stages: [open, lost, won].map { StageMapping(fromStageID: $0.id, toStageID: new.done.id) },
                    outcomeReason: "pipeline was closed"))
            #expect(answer.movedCount == 4)
            var reasons: [String?] = []
            for deal in deals {
                let moved = try await sales.get(deal)
                #expect(moved.stageID == new.done.id)
                #expect(try await sales.history(deal).first?.outcomeReason == moved.outcomeReason)
                reasons.append(moved.outcomeReason)
            }
            #expect(reasons == [nil, nil, "best price", nil])
        }
    }

    @Test func manyDealsMoveInBoundedSteps() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            let qualified = try await sales.stage("Qualified")
            let deals = (0..<600).map { Deal(displayName: "Deal \($0)") }
            try await sales.batchCreate(deals)
            let request = MoveDealsToPipelineRequest(
                pipelineID: qualified.pipelineID,
                stages: [StageMapping(fromStageID: qualified.id, toStageID: new.new.id)])
            let first = try await sales.deals().moveDealsToPipeline(request)
            #expect(first.movedCount == 500 && first.remainingCount == 100)
            let second = try await sales.deals().moveDealsToPipeline(request)
            #expect(second.movedCount == 100 && second.remainingCount == 0)
        }
    }

    @Test func onlyDealsThatTheCallerMayChangeMove() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            let qualified = try await sales.stage("Qualified")
            let rep = sales.makeUser([
                ("deal", "read", .all), ("deal", "create", .own), ("deal", "update", .own), ("stage", "read", .all),
                ("pipeline", "read", .all),
            ])
            let theirs = try await sales.create(Deal(displayName: "the admin's"))
            let own = try await sales.create(Deal(displayName: "the rep's"), as: rep)
            let request = MoveDealsToPipelineRequest(
                pipelineID: qualified.pipelineID,
                stages: [StageMapping(fromStageID: qualified.id, toStageID: new.new.id)])
            let answer = try await sales.deals(as: rep).moveDealsToPipeline(request)
            #expect(answer.movedCount == 1 && answer.remainingCount == 1)
            #expect(try await sales.get(own).stageID == new.new.id)
            #expect(try await sales.get(theirs).stageID == qualified.id)
            let fixed = sales.clerk(hiding: ("deal", "pipeline_id", .read))
            for call in [
                { try await sales.deals(as: fixed).moveDealsToPipeline(request).movedCount },
                { try await sales.move(theirs, to: new.new, as: fixed).version },
            ] as [() async throws -> Int64?] {
                #expect(try await refusal { try await call() }?.reason == "FIELD_NOT_WRITABLE")
            }
            let reader = sales.makeUser([("deal", "read", .all), ("stage", "read", .all)])
            let unknown = MoveDealsToPipelineRequest(pipelineID: RecordID.make().text)
            #expect(
                try await refusal { try await sales.deals().moveDealsToPipeline(unknown) }?.reason
                    == "PIPELINE_NOT_FOUND")
            let early = try await refusal {
                try await sales.deals(as: reader).moveDealsToPipeline(MoveDealsToPipelineRequest())
            }
            #expect(early?.reason == "PERMISSION_MISSING")
        }
    }

    @Test func aMapIsRefusedByWhatIsWrongWithIt() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            let other = try await sales.makePipeline("Other one")
            let (qualified, proposal) = (try await sales.stage("Qualified"), try await sales.stage("Proposal"))
            let map = { (from: Stage, to: Stage) in StageMapping(fromStageID: from.id, toStageID: to.id) }
            for (stages, reason) in [
                ([], "TOO_FEW"), ([StageMapping(fromStageID: "x", toStageID: new.new.id)], "INVALID_ID"),
                ([map(new.new, other.new)], "STAGE_NOT_IN_PIPELINE"),
                ([map(qualified, proposal)], "STAGE_NOT_IN_PIPELINE"),
                ([map(qualified, new.new), map(proposal, other.new)], "STAGE_NOT_IN_PIPELINE"),
                ([map(qualified, new.new), map(qualified, new.new)], "DUPLICATE"),
                ([StageMapping(fromStageID: qualified.id, toStageID: RecordID.make().text)], "STAGE_NOT_FOUND"),
            ] {
                let error = try await refusal {
                    try await sales.deals().moveDealsToPipeline(
                        MoveDealsToPipelineRequest(pipelineID: qualified.pipelineID, stages: stages))
                }
                #expect(error?.reason == reason)
            }
        }
    }

    @Test func oneDealMovesToAStageOfAnotherPipeline() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("New one")
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let moved = try await sales.move(deal, to: new.gone, reason: "too dear")
            #expect(moved.pipelineID == new.pipeline.id && moved.stageID == new.gone.id)
            #expect(
                try await sales.deals().getBoard(GetBoardRequest(pipelineID: new.pipeline.id)).columns[2].dealCount == 1
            )
        }
    }
}
