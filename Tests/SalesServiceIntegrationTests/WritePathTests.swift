import AccessControl
import Contracts
import Postgres
import RPC
import Records
import SalesContracts
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import SalesService

/// What a custom method or a rule cannot do, however carelessly it is written.
@Suite struct WritePathTests {
    @Test func whatWasLoadedToBeReadIsNotChangedWithoutTheRight() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let reader = sales.makeUser([("deal", "read", .all)])
            let rep = sales.makeUser([
                ("deal", "read", .all), ("deal", "update", .own), ("deal", "delete", .own),
            ])
            for way in ["delete", "description=x", "edit"] {
                let unread = try await refusal { try await sales.carelessly(way, deal, as: reader) }
                #expect(unread?.reason == "PERMISSION_MISSING", "\(way)")
                let foreign = try await refusal { try await sales.carelessly(way, deal, as: rep) }
                #expect(foreign?.reason == "RECORD_OUT_OF_SCOPE", "\(way)")
            }
            let kept = try await sales.get(deal)
            #expect(kept.version == 1 && kept.description == nil)
            try await sales.carelessly("description=x", deal)
            #expect(try await sales.get(deal).description == "x")
        }
    }

    @Test func aForgottenFilterShowsNothing() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(
                Deal(displayName: "Desk", amount: Money(currencyCode: "EUR", minorUnits: 7), description: "oak"))
            for level in [FieldLevel.none, .masked] {
                let user = sales.makeUser(
                    [("deal", "*", .all), ("stage", "read", .all), ("pipeline", "read", .all)],
                    hiding: [("deal", "amount", level), ("deal", "description", level)])
                func show() async throws -> Deal? { try await sales.carelessly("show", deal, as: user, requestID: "r") }
                let first = try await show()
                #expect(first?.amount == nil && first?.description != "oak" && first?.displayName == "Desk")
                // Given again it is the same.
                #expect(try await show() == first)
            }
        }
    }

    @Test func aMethodMayNameARecordOfAnotherServiceThatItSaidBefore() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let account = sales.foreign.make("account")
            let named = try await sales.carelessly("account_id=\(account.text)", deal, naming: account)
            #expect(named?.accountID == account.text)
            let gone = sales.foreign.make("account")
            sales.foreign.delete("account", gone)
            let missing = try await refusal {
                try await sales.carelessly("account_id=\(gone.text)", deal, naming: gone, as: sales.clerk())
            }
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
        Pipeline.self,
        fields: [
            .field("display_name", .required, .line(100), .unique("pipelines_display_name_key", ignoringCase: true)),
            .field("description", .lines(1000)),
        ])

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
            let answer = try await service.batchCreate(stages)
            #expect(answer.results.map(\.reason) == [nil, "REFUSED", nil, "DISPLAY_NAME_TAKEN"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.pipelines") == pipelines + 2)
            let told = try await service.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'pipeline'")
            #expect(told == pipelines + 2)
        }
    }
}
