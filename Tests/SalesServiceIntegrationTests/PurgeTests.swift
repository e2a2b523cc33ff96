import AccessControl
import Contracts
import Postgres
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// Deals go with their history, stages with their pipeline, and a deal tells of an account that is gone.
@Suite struct PurgeTests {
    private func run(_ body: @escaping @Sendable (TestService, Purging) async throws -> Void) async throws {
        try await TestService.run(SalesService.definition) { service in
            service.set(WorkspaceSettings(deletedRecordsKeptDays: 30))
            try await body(service, Purging(service))
        }
    }

    private func count(_ table: String, _ service: TestService, _ condition: String = "true") async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.\(table) WHERE \(condition)")
    }

    @Test func aDealGoesWithItsHistoryAndAStageStaysWhileOneTellsOfIt() async throws {
        try await run { service, purging in
            let (pipeline, new, done, gone) = try await service.makePipeline("P")
            let deal = try await service.create(Deal(displayName: "d", stageID: new.id))
            let living = try await service.create(Deal(displayName: "l", stageID: new.id))
            try await service.move(deal, to: done)
            try await service.move(living, to: done)
            try await service.delete(deal)
            try await service.delete(new)
            try await service.delete(gone)
            try await purging.age()
            let job = try await purging.night(after: 31)
            #expect(job.purged("deal") == 1 && job.purged("stage") == 1 && job.kept("stage") == ["RECORD_IN_USE": 1])
            #expect(try await count("stage_changes", service, "deal_id = '\(deal.id ?? "")'") == 0)
            #expect(try await service.history(living).count == 2)
            try await service.delete(living)
            try await service.delete(pipeline)
            try await purging.age()
            let last = try await purging.night(after: 31)
            // The stage that was deleted by itself, and the one that went with the pipeline.
            #expect(last.purged("deal") == 1 && last.purged("stage") == 2 && last.purged("pipeline") == 1)
            #expect(try await count("stages", service, "pipeline_id = '\(pipeline.id ?? "")'") == 0)
        }
    }

    @Test func aPipelineAndItsStagesStayWhileADealIsInOne() async throws {
        try await run { service, purging in
            let (pipeline, new, _, _) = try await service.makePipeline("P")
            let deal = try await service.create(Deal(displayName: "d", stageID: new.id))
            try await service.delete(deal)
            try await service.delete(pipeline)
            try await purging.age()
            // The deal is not due: it was deleted later, by its own time.
            try await service.sql("UPDATE {schema}.deals SET deleted_at = deleted_at + interval '10 days'")
            let job = try await purging.night(after: 31)
            #expect(job.purged("pipeline") == 0 && job.purged("stage") == 0)
            #expect(job.kept("pipeline") == ["RECORD_IN_USE": 1])
            try await service.restore(pipeline)
            #expect(
                try await count("stages", service, "deleted_at IS NULL AND pipeline_id = '\(pipeline.id ?? "")'") == 3)
        }
    }

    /// The account is another service's, and gone there: whom a deal was made with it goes on to say, as it does of a deleted one.
    @Test func aDealNamesAnAccountThatIsGone() async throws {
        try await run { service, _ in
            let account = service.foreign.make("account")
            let new = try await service.stage("Qualified")
            let deal = try await service.create(Deal(displayName: "d", stageID: new.id, accountID: account.text))
            service.foreign.delete("account", account)
            #expect(try await service.get(deal).accountID == account.text)
            let edited = try await service.update(Deal(id: deal.id, displayName: "e"), ["display_name"])
            #expect(edited.accountID == account.text)
            try await service.delete(deal)
            #expect(try await service.restore(deal).accountID == account.text)
            let refused = try await refusal {
                try await service.create(Deal(displayName: "n", stageID: new.id, accountID: account.text))
            }
            #expect(refused?.reason == "REFERENCE_NOT_FOUND")
        }
    }
}
