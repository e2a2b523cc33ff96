import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// A lost deal tells why, an open one does not, on every way in.
@Suite struct OutcomeTests {
    @Test func aReasonIsGivenForEachLoss() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let (open, won, lost) = (
                try await sales.stage("Qualified"), try await sales.stage("Won"), try await sales.stage("Lost")
            )
            let deal = try await sales.create(Deal(displayName: "Desk"))
            #expect(try await refusal { try await sales.move(deal, to: lost) }?.reason == "REQUIRED")
            #expect(
                try await refusal { try await sales.move(deal, to: lost, reason: " \u{200B}\u{3000}") }?.reason
                    == "REQUIRED")
            #expect(try await sales.move(deal, to: lost, reason: "too dear").outcomeReason == "too dear")
            // Open again: the reason goes, and does not serve for the next loss.
            #expect(try await sales.move(deal, to: open).outcomeReason == nil)
            #expect(try await refusal { try await sales.move(deal, to: lost) }?.reason == "REQUIRED")
            _ = try await sales.move(deal, to: lost, reason: "too late")
            // Won keeps nothing of the loss, and may have a reason of its own, which a loss does not take over.
            #expect(try await sales.move(deal, to: won).outcomeReason == nil)
            #expect(try await sales.move(deal, to: won, reason: "best price").outcomeReason == "best price")
            #expect(try await refusal { try await sales.move(deal, to: lost) }?.reason == "REQUIRED")
            #expect(try await sales.get(deal).outcomeReason == "best price")
            let reasons = try await sales.history(deal).map(\.outcomeReason)
            #expect(reasons == ["best price", nil, "too late", nil, "too dear", nil])
        }
    }

    @Test func anOpenDealTakesNoReason() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let proposal = try await sales.stage("Proposal")
            for refused in [
                try await refusal { try await sales.update(deal, reason: "too dear") },
                try await refusal { try await sales.move(deal, to: proposal, reason: "too dear") },
                try await refusal { try await sales.create(Deal(displayName: "Chair", outcomeReason: "too dear")) },
            ] {
                #expect(refused?.code == .invalidArgument && refused?.reason == "NOT_APPLICABLE")
                #expect(refused?.fieldViolations.first?.field.hasSuffix("outcome_reason") == true)
            }
            #expect(try await sales.get(deal).version == 1)
        }
    }

    @Test func aDealThatBeginsLostTellsWhy() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try await sales.stage("Lost")
            let without = try await refusal { try await sales.create(Deal(displayName: "Desk", stageID: lost.id)) }
            #expect(without?.reason == "REQUIRED")
            let answer = try await sales.batchCreate([
                Deal(displayName: "Desk", stageID: lost.id),
                Deal(displayName: "Lamp", stageID: lost.id, outcomeReason: "too dear"),
            ])
            #expect(answer.results.map(\.reason) == ["REQUIRED", nil])
            let lamp = try #require(answer.records.first)
            #expect(lamp.outcomeReason == "too dear")
            #expect(try await sales.history(lamp).map(\.outcomeReason) == ["too dear"])
        }
    }

    @Test func aReasonIsPutRightButNotTakenOff() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try await sales.stage("Lost")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: lost.id, outcomeReason: "too dear"))
            #expect(try await refusal { try await sales.update(deal, reason: nil) }?.reason == "REQUIRED")
            let right = try await sales.update(deal, reason: "too late")
            #expect(right.outcomeReason == "too late")
            // A move to the stage it is in changes the reason, and neither the stage nor the time in it.
            let moved = try await sales.move(deal, to: lost, reason: "no budget")
            #expect(moved.outcomeReason == "no budget" && moved.version == 3)
            #expect(moved.stageEnterTime == deal.stageEnterTime)
            #expect(try await sales.move(deal, to: lost).version == 3)
            let history = try await sales.history(deal)
            #expect(history.map(\.outcomeReason) == ["no budget", "too late", "too dear"])
            #expect(history.map(\.fromStageID) == [lost.id, lost.id, nil])
            #expect(history.allSatisfy { $0.toStageID == lost.id && $0.secondsInStage == nil })
        }
    }

    @Test func aStageWithDealsKeepsItsCategory() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let open = try await sales.stage("Qualified")
            let deal = try await sales.create(Deal(displayName: "Desk"))
            func becomeLost() async throws -> Stage? {
                try await sales.update(
                    Stage(id: open.id, probabilityPercent: 0, category: .lost), ["category", "probability_percent"])
            }
            #expect(try await refusal { try await becomeLost() }?.reason == "STAGE_HAS_DEALS")
            try await sales.delete(deal)
            #expect(try await refusal { try await becomeLost() }?.reason == "STAGE_HAS_DEALS")
            let (_, new, _, _) = try await sales.makePipeline("Other")
            let changed = try await sales.update(
                Stage(id: new.id, probabilityPercent: 0, category: .lost), ["category", "probability_percent"])
            #expect(changed.category == .lost)
        }
    }

    /// The database refuses what the code might forget.
    @Test func theHistoryTakesNoLossWithoutReason() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            await #expect(throws: (any Error).self) {
                try await sales.sql(
                    """
                    INSERT INTO {schema}.stage_changes (id, deal_id, to_stage_id, changed_at, user_id, to_category)
                    SELECT '\(RecordID.make().text)', id, stage_id, created_at, owner_id, 3 FROM {schema}.deals
                    """)
            }
            let other = try await sales.makePipeline("Other").pipeline
            await #expect(throws: (any Error).self) {
                try await sales.sql(
                    "UPDATE {schema}.deals SET pipeline_id = '\(other.id ?? "")' WHERE id = '\(deal.id ?? "")'")
            }
        }
    }
}
