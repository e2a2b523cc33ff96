import AccessControl
import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// Answers asked for again under their request id, when the caller may do less than before.
@Suite struct ReplayTests {
    /// Whoever may create is told what was created; of a record that was only moved that tells nothing.
    @Test func theRightToCreateOpensTheAnswersOfCreationsOnly() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let proposal = try await sales.stage("Proposal")
            let user = sales.makeUser([("*", "*", .all)])
            let creation = CreateDealRequest(record: Deal(displayName: "Desk"))
            let batch = BatchCreateDealsRequest(records: [Deal(displayName: "Lamp")])
            let created = try #require(try await sales.deals(as: user, requestID: "create").createDeal(creation).record)
            let lamp = try await sales.deals(as: user, requestID: "batch").batchCreateDeals(batch).records.first
            let move = MoveDealStageRequest(id: created.id, stageID: proposal.id, version: created.version)
            let moved = try await sales.deals(as: user, requestID: "move").moveDealStage(move).deal
            #expect(moved?.stageID == proposal.id)
            let deletion = DeleteDealRequest(id: lamp?.id)
            _ = try await sales.deals(as: user, requestID: "delete").deleteDeal(deletion)

            // Nothing of deals but creating them, and reading those of others never.
            sales.change(
                user,
                to: [
                    ("deal", "create", .all), ("deal", "update", .all), ("deal", "delete", .all),
                    ("stage", "read", .all), ("pipeline", "read", .all),
                ])
            let again = try await sales.deals(as: user, requestID: "create").createDeal(creation).record
            #expect(again?.id == created.id)
            #expect(
                try await sales.deals(as: user, requestID: "batch").batchCreateDeals(batch).records.map(\.id) == [
                    lamp?.id
                ])
            for refused in [
                try await refusal { try await sales.deals(as: user, requestID: "move").moveDealStage(move) },
                try await refusal { try await sales.deals(as: user, requestID: "delete").deleteDeal(deletion) },
            ] {
                #expect(refused?.code == .permissionDenied && refused?.reason == "ANSWER_NOT_READABLE")
            }
            #expect(try await sales.get(created).version == 2)
        }
    }
}
