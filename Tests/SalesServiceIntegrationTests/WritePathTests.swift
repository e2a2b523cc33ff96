import AccessControl
import Contracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import SalesService

/// What a custom method or a rule cannot do, however carelessly it is written.
@Suite struct WritePathTests {
    /// Does what `outcomeReason` says where a move would be.
    private struct CarelessMethods: DealServiceCustomMethods {
        let engine: RecordEngine

        func moveDealStage(
            _ request: MoveDealStageRequest, _ context: CallContext
        ) async throws -> MoveDealStageResponse {
            let account = request.stageID.flatMap { RecordID($0) }
            let named = account.map { [NamedReference(DealRecord.type, "account_id", $0)] } ?? []
            return try await engine.transaction(context, request: request, naming: named) { transaction in
                let record = try await transaction.load(DealRecord.type, id: request.id, for: .read)
                var stored = record.value(Deal.self)
                switch request.outcomeReason {
                case "delete": try await transaction.delete(record)
                case "program": try await transaction.update(record, by: .program) { $0.set("description", "x") }
                case "caller": try await transaction.update(record, by: .caller) { $0.set("description", "x") }
                case "account":
                    let message = try await transaction.update(record, by: .program) { deal in
                        if let account { deal.set("account_id", account) }
                    }
                    stored = message.value(Deal.self)
                default: break
                }
                // Not as the caller may see it.
                return MoveDealStageResponse(deal: stored)
            }
        }

        func moveDealsToPipeline(
            _ request: MoveDealsToPipelineRequest, _ context: CallContext
        ) async throws -> MoveDealsToPipelineResponse { MoveDealsToPipelineResponse() }

        func listStageHistory(
            _ request: ListStageHistoryRequest, _ context: CallContext
        ) async throws -> ListStageHistoryResponse { ListStageHistoryResponse() }

        func getBoard(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
            GetBoardResponse()
        }
    }

    private static let careless = ServiceDefinition(
        SalesMigrations.stream, records: SalesService.definition.records,
        methods: { engine, router in CarelessMethods(engine: engine).register(on: &router) })

    private func run(
        _ body:
            @escaping @Sendable (TestService, @Sendable (Deal, String, RecordID?, UserID?) async throws -> Deal?)
            async throws
            -> Void
    ) async throws {
        try await TestService.run(Self.careless) { service in
            try await body(service) { deal, text, account, user in
                try await DealServiceClient(channel: service.channel(as: user, requestID: "\(text) \(user as Any)"))
                    .moveDealStage(MoveDealStageRequest(id: deal.id, stageID: account?.text, outcomeReason: text)).deal
            }
        }
    }

    @Test func whatWasLoadedToBeReadIsNotChangedWithoutTheRight() async throws {
        try await run { sales, call in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let reader = sales.makeUser([("deal", "read", .all)])
            let rep = sales.makeUser([
                ("deal", "read", .all), ("deal", "update", .own), ("deal", "delete", .own),
            ])
            for way in ["delete", "program", "caller"] {
                let unread = try await refusal { try await call(deal, way, nil, reader) }
                #expect(unread?.reason == "PERMISSION_MISSING", "\(way)")
                let foreign = try await refusal { try await call(deal, way, nil, rep) }
                #expect(foreign?.reason == "RECORD_OUT_OF_SCOPE", "\(way)")
            }
            let kept = try await sales.get(deal)
            #expect(kept.version == 1 && kept.description == nil)
            _ = try await call(deal, "program", nil, nil)
            #expect(try await sales.get(deal).description == "x")
        }
    }

    @Test func aForgottenFilterShowsNothing() async throws {
        try await run { sales, call in
            let deal = try await sales.create(
                Deal(displayName: "Desk", amount: Money(currencyCode: "EUR", minorUnits: 7), description: "oak"))
            for level in [FieldLevel.none, .masked] {
                let user = sales.makeUser(
                    [("deal", "*", .all), ("stage", "read", .all), ("pipeline", "read", .all)],
                    hiding: [("deal", "amount", level), ("deal", "description", level)])
                let first = try await call(deal, "show", nil, user)
                #expect(first?.amount == nil && first?.description != "oak" && first?.displayName == "Desk")
                // Given again it is the same.
                #expect(try await call(deal, "show", nil, user) == first)
            }
        }
    }

    @Test func aMethodMayNameARecordOfAnotherServiceThatItSaidBefore() async throws {
        try await run { sales, call in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let account = sales.foreign.make("account")
            #expect(try await call(deal, "account", account, nil)?.accountID == account.text)
            let gone = sales.foreign.make("account")
            sales.foreign.delete("account", gone)
            let missing = try await refusal { try await call(deal, "account", gone, sales.clerk()) }
            #expect(missing?.reason == "REFERENCE_NOT_FOUND")
        }
    }

    @Test func theRefusalOfAGuardNamesTheFieldWhereItStands() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try #require(try await sales.stage("Lost").id)
            let single = try await refusal { try await sales.create(Deal(displayName: "Desk", stageID: lost)) }
            #expect(single?.fieldViolations.map(\.field) == ["deal.outcome_reason"])
            let batch = try await sales.batchCreate([
                Deal(displayName: "a"), Deal(displayName: " "), Deal(displayName: "c", stageID: lost),
            ])
            #expect(batch.results.map(\.field) == [nil, "deals[1].display_name", "deals[2].outcome_reason"])
        }
    }

    /// Makes a pipeline for each stage, and refuses a stage called Refused after that.
    private static let stage = RecordType(
        Stage.self,
        fields: [
            .field("display_name", .required, .line(100)), .field("pipeline_id", .required),
            .field("position", .required),
            .field("probability_percent", .required), .field("category", .required),
        ],
        constraints: [
            ConstraintRule(
                "stages_display_name_key", fields: ["display_name", "pipeline_id"], reason: "DISPLAY_NAME_TAKEN",
                ignoringCase: true)
        ],
        rules: RecordRules(guard: makePipeline))

    private static let pipeline = RecordType(
        Pipeline.self, fields: [.field("display_name", .required, .line(100)), .field("description", .lines(1000))])

    @Sendable private static func makePipeline(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let name = change.after.text("display_name") ?? ""
        try await transaction.insert(pipeline, Pipeline(displayName: "Of \(name) \(change.recordID)"), by: .program)
        if name == "Refused" { throw RPCError.failedPrecondition("REFUSED", "It is called Refused.") }
    }

    @Test func nothingStaysOfARefusedItem() async throws {
        let definition = ServiceDefinition(SalesMigrations.stream, records: [Self.pipeline, Self.stage])
        try await TestService.run(definition) { service in
            let pipeline = try await service.sql("SELECT id FROM {schema}.pipelines LIMIT 1").one().id(0).text
            let pipelines = try await service.number("SELECT count(*) FROM {schema}.pipelines")
            let stages = ["One", "Refused", "Two", "one"].map {
                Stage(pipelineID: pipeline, displayName: $0, position: 9, probabilityPercent: 50, category: .open)
            }
            let client = StageServiceClient(channel: service.channel())
            let answer = try await client.batchCreateStages(BatchCreateStagesRequest(stages: stages))
            #expect(answer.results.map(\.reason) == [nil, "REFUSED", nil, "DISPLAY_NAME_TAKEN"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.pipelines") == pipelines + 2)
            let told = try await service.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'pipeline'")
            #expect(told == pipelines + 2)
        }
    }
}
