import AccessControl
import Contracts
import RPC
import Records
import ServiceHost
import Synchronization
import Tenancy
import TestService
import Testing

@testable import SalesService

/// What the engine does with records that rules and custom methods write.
@Suite struct RuleTests {
    /// Writes a field of a deal as it comes, given as `field=value`, where a move would be: a method that asks no rule itself.
    private struct RawMethods: DealServiceCustomMethods {
        let engine: RecordEngine

        func moveDealStage(
            _ request: MoveDealStageRequest, _ context: CallContext
        ) async throws -> MoveDealStageResponse {
            try await engine.transaction(context, request: request) { transaction in
                let record = try await transaction.load(DealRecord.type, id: request.id, for: .update)
                let words = (request.outcomeReason ?? "").split(separator: "=", maxSplits: 1).map(String.init)
                let stored = try await transaction.update(record, by: .program) { deal in
                    if words.count == 2 { deal.set(words[0], words[1]) } else { deal.clear(words[0]) }
                }
                return MoveDealStageResponse(deal: transaction.present(stored, as: Deal.self))
            }
        }

        func moveDealsToPipeline(
            _ request: MoveDealsToPipelineRequest, _ context: CallContext
        ) async throws -> MoveDealsToPipelineResponse {
            try await DealMethods(engine: engine).moveDealsToPipeline(request, context)
        }

        func listStageHistory(
            _ request: ListStageHistoryRequest, _ context: CallContext
        ) async throws -> ListStageHistoryResponse {
            try await DealMethods(engine: engine).listStageHistory(request, context)
        }

        func getBoard(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
            try await DealMethods(engine: engine).getBoard(request, context)
        }
    }

    private static let rawService = ServiceDefinition(
        SalesMigrations.stream, records: SalesService.definition.records,
        methods: { engine, router in RawMethods(engine: engine).register(on: &router) })

    private static func raw(
        _ body:
            @escaping @Sendable (TestService, @escaping @Sendable (Deal, String, UserID?) async throws -> Deal?)
            async throws
            -> Void
    ) async throws {
        try await TestService.run(Self.rawService) { service in
            try await body(service) { deal, text, user in
                let client = DealServiceClient(channel: service.channel(as: user))
                return try await client.moveDealStage(MoveDealStageRequest(id: deal.id, outcomeReason: text)).deal
            }
        }
    }

    /// What holds for a deal holds when a method writes it past the move.
    @Test func aMethodCannotLoseADealWithoutAReason() async throws {
        try await Self.raw { sales, write in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let lost = try await sales.stage("Lost")
            #expect(try await refusal { try await write(deal, "stage_id=\(lost.id ?? "")", nil) }?.reason == "REQUIRED")
            #expect(try await refusal { try await write(deal, "outcome_reason=late", nil) }?.reason == "NOT_APPLICABLE")
            let other = try await sales.stage("Proposal")
            let moved = try await write(deal, "stage_id=\(other.id ?? "")", nil)
            #expect(moved?.version == 2)
            // The move is in the history though the method did not write it there.
            #expect(try await sales.history(deal).first?.toStageID == other.id)
        }
    }

    /// References and texts are checked, and the names of people, whoever writes.
    @Test func aMethodWritesNothingThatDoesNotExist() async throws {
        try await Self.raw { sales, write in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let nobody = RecordID.make().text
            for (field, reason) in [
                ("account_id=\(nobody)", "REFERENCE_NOT_FOUND"), ("owner_id=\(nobody)", "REFERENCE_NOT_FOUND"),
                ("stage_id=\(nobody)", "REFERENCE_NOT_FOUND"), ("display_name= ", "REQUIRED"),
                ("display_name=a\u{7}b", "FORBIDDEN_CHARACTER"),
            ] {
                #expect(try await refusal { try await write(deal, field, nil) }?.reason == reason, "\(field)")
            }
        }
    }

    /// Somebody who may change their own deals cannot have a method give them away.
    @Test func aMethodGivesNoRecordBeyondTheCallersScope() async throws {
        try await Self.raw { sales, write in
            let rep = sales.makeUser([
                ("deal", "create", .own), ("deal", "read", .own), ("deal", "update", .own), ("stage", "read", .all),
                ("pipeline", "read", .all),
            ])
            let deal = try await sales.create(Deal(displayName: "Mine"), as: rep)
            let given = try await refusal { try await write(deal, "owner_id=\(sales.admin)", rep) }
            #expect(given?.code == .permissionDenied)
            #expect(try await write(deal, "description=Oak", rep)?.description == "Oak")
        }
    }

    /// A text is compared as it is stored.
    @Test func aBlankAtTheEndOfATextIsNoChange() async throws {
        try await TestService.run(Self.rawService) { service in
            let client = DealServiceClient(channel: service.channel())
            let deal = try #require(
                try await client.createDeal(
                    CreateDealRequest(deal: Deal(displayName: "Desk", description: "Oak"))
                ).deal)
            func write(_ text: String) async throws -> Deal? {
                try await client.moveDealStage(MoveDealStageRequest(id: deal.id, outcomeReason: text)).deal
            }
            func ledger() async throws -> Int64 {
                try await service.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'deal'")
            }
            for text in ["Oak", "Oak ", " Oak\n", "Oak\u{3000}\u{200B}"] {
                let same = try await write("description=\(text)")
                #expect(same?.version == 1 && same?.description == "Oak" && same?.updateTime == deal.updateTime)
            }
            #expect(try await ledger() == 1)
            let other = try await write("description=Ash ")
            #expect(other?.version == 2 && other?.description == "Ash")
            #expect(try await ledger() == 2)
        }
    }

    /// The same through a method of the service: no history either.
    @Test func aMoveWithTheSameReasonIsNoChange() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try await sales.stage("Lost")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: lost.id, outcomeReason: "too dear"))
            let same = try await sales.move(deal, to: lost, reason: "too dear ")
            #expect(same.version == 1 && same.outcomeReason == "too dear")
            #expect(try await sales.history(deal).count == 1)
            #expect(try await sales.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'deal'") == 1)
        }
    }

    /// The changes that were published.
    private static let committed = Mutex<[String]>([])

    @Sendable private static func note(_ change: RecordChange) async {
        let line = "\(change.kind) \(change.type.object)"
        committed.withLock { $0.append(line) }
    }

    private static let stage = RecordType(
        Stage.self,
        fields: [.field("display_name", .required, .line(100))], rules: RecordRules(publish: RuleTests.note))

    /// A pipeline whose stage is made, deleted and restored by a rule.
    private static let pipeline = RecordType(
        Pipeline.self,
        fields: [.field("display_name", .required, .line(100)), .field("description", .lines(1000))],
        rules: RecordRules(follow: RuleTests.takeStages, publish: RuleTests.note))

    @Sendable private static func takeStages(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        if change.kind == .create { return try await makeStage(change, transaction) }
        let stages = try await transaction.parts(
            stage, of: change.recordID, by: "pipeline_id", deletedAt: change.before?.time("delete_time"))
        for stage in stages {
            _ = try await change.kind == .delete ? transaction.delete(stage) : transaction.restore(stage)
        }
    }

    private static func makeStage(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await transaction.insert(
            stage,
            Stage(
                pipelineID: change.recordID.text, displayName: "Open", position: 1, probabilityPercent: 1,
                category: .open), by: .program)
    }

    private static let ruleService = ServiceDefinition(
        SalesMigrations.stream,
        records: [RuleTests.pipeline, RuleTests.stage])

    @Test func everyChangeOfATransactionIsToldAfterwards() async throws {
        try await TestService.run(Self.ruleService) { service in
            let client = PipelineServiceClient(channel: service.channel())
            func told() -> [String] {
                Self.committed.withLock { lines in
                    let told = lines.sorted()
                    lines = []
                    return told
                }
            }
            let pipeline = try await client.createPipeline(
                CreatePipelineRequest(pipeline: Pipeline(displayName: "One"))
            ).pipeline
            #expect(told() == ["create pipeline", "create stage"])
            _ = try await client.deletePipeline(DeletePipelineRequest(id: pipeline?.id))
            #expect(told() == ["delete pipeline", "delete stage"])
            _ = try await client.restorePipeline(RestorePipelineRequest(id: pipeline?.id))
            #expect(told() == ["restore pipeline", "restore stage"])
            // The one that is refused is not told of.
            _ = try await client.batchCreatePipelines(
                BatchCreatePipelinesRequest(pipelines: [
                    Pipeline(displayName: "Two"), Pipeline(displayName: "one"), Pipeline(displayName: "Three"),
                ]))
            #expect(told() == ["create pipeline", "create pipeline", "create stage", "create stage"])
        }
    }
}
