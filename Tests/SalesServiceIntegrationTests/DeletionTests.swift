import AccessControl
import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// The table of README.md: what happens to each reference, unique value and flag when either end is deleted or restored.
@Suite struct DeletionTests {
    @Test func aDealComesBackToWhereItWas() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Short-lived")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: new.new.id))
            try await sales.delete(deal)
            func restore() async throws -> Deal? {
                try await sales.restore(deal)
            }
            // The stage alone is gone.
            try await sales.delete(new.new)
            let noStage = try await refusal { try await restore() }
            #expect(noStage?.code == .failedPrecondition && noStage?.reason == "REFERENCE_DELETED")
            #expect(noStage?.details.map(\.value).contains("stage_id") == true)
            try await sales.restore(new.new)
            // The pipeline is gone, and its stages with it.
            try await sales.delete(new.pipeline)
            #expect(try await refusal { try await restore() }?.details.map(\.value).contains("pipeline_id") == true)
            try await sales.restore(new.pipeline)
            #expect(try await restore()?.stageID == new.new.id)
            let board = try await sales.deals().getBoard(GetBoardRequest(pipelineID: new.pipeline.id))
            #expect(board.columns[0].deals.map(\.id) == [deal.id])
        }
    }

    @Test func stagesGoAndComeBackWithTheirPipeline() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Short-lived")
            try await sales.delete(new.gone)
            try await sales.delete(new.pipeline)
            func living() async throws -> Set<String?> {
                let filter = "pipeline_id = \"\(new.pipeline.id ?? "")\""
                let page = try await sales.list(Stage.self, filter)
                return Set(page.map(\.id))
            }
            #expect(try await living().isEmpty)
            let into = try await refusal { try await sales.create(Deal(displayName: "Desk", stageID: new.new.id)) }
            #expect(into?.reason == "REFERENCE_NOT_FOUND")
            // Neither alone nor anew does a stage live in a deleted pipeline.
            let alone = try await refusal { try await sales.restore(new.new) }
            #expect(alone?.reason == "REFERENCE_DELETED")
            let anew = try await refusal {
                try await sales.create(
                    Stage(
                        pipelineID: new.pipeline.id, displayName: "x", position: 9, probabilityPercent: 1,
                        category: .open))
            }
            #expect(anew?.reason == "REFERENCE_NOT_FOUND")
            try await sales.restore(new.pipeline)
            // What was deleted before it stays deleted.
            #expect(try await living() == [new.new.id, new.done.id])
        }
    }

    @Test func stagesAndPipelinesWithDealsStay() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Used")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: new.new.id))
            let stage = try await refusal { try await sales.delete(new.new) }
            #expect(stage?.reason == "STAGE_HAS_DEALS")
            let pipeline = try await refusal { try await sales.delete(new.pipeline) }
            #expect(pipeline?.reason == "PIPELINE_HAS_DEALS")
            try await sales.delete(deal)
            try await sales.delete(new.pipeline)
        }
    }

    /// Who may not read deals is told that a stage or pipeline is in use, and neither how much nor by what.
    @Test func whatIsInUseTellsNoMoreOfDealsThanThat() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let keeper = sales.makeUser([("stage", "*", .all), ("pipeline", "*", .all)])
            let new = try await sales.makePipeline("Used")
            func refusals() async throws -> [RPCError?] {
                [
                    try await refusal { try await sales.delete(new.new, as: keeper) },
                    try await refusal {
                        try await sales.update(
                            Stage(id: new.new.id, probabilityPercent: 0, category: .lost),
                            ["category", "probability_percent"], as: keeper)
                    },
                    try await refusal { try await sales.delete(new.pipeline, as: keeper) },
                ]
            }
            let first = try await sales.create(Deal(displayName: "Desk", stageID: new.new.id))
            let one = try await refusals()
            #expect(one.map { $0?.reason } == ["STAGE_HAS_DEALS", "STAGE_HAS_DEALS", "PIPELINE_HAS_DEALS"])
            for error in one {
                #expect(error?.details.isEmpty == true)
                #expect(error?.message.contains("in use") == true && error?.message.contains("deal") == false)
            }
            for _ in 0..<2 { try await sales.create(Deal(displayName: "Chair", stageID: new.new.id)) }
            let three = try await refusals()
            #expect(three.map { $0?.message } == one.map { $0?.message })
            #expect(three.allSatisfy { $0?.message.contains(first.id ?? "") == false && $0?.details.isEmpty == true })
            // Who may read deals is told what to do.
            let advice = try await refusal { try await sales.delete(new.new) }
            #expect(advice?.message.contains("move") == true)
        }
    }

    /// Deals enter a stage while it is deleted: either comes first, and no living deal is in a deleted stage.
    @Test func aDealAndTheEndOfItsStageAtOnce() async throws {
        try await TestService.run(SalesService.definition) { sales in
            for round in 0..<5 {
                let new = try await sales.makePipeline("Round \(round)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            _ = try await refusal {
                                try await sales.create(Deal(displayName: "Desk", pipelineID: new.pipeline.id))
                            }
                        }
                    }
                    group.addTask {
                        _ = try await refusal { try await sales.delete(new.pipeline) }
                    }
                    try await group.waitForAll()
                }
                let lost = try await sales.number(
                    """
                    SELECT count(*) FROM {schema}.deals d JOIN {schema}.stages s ON s.id = d.stage_id
                    WHERE d.deleted_at IS NULL AND s.deleted_at IS NOT NULL
                    """)
                #expect(lost == 0)
            }
        }
    }

    @Test func uniqueValuesAreThoseOfTheLiving() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk", externalID: "e"))
            try await sales.delete(deal)
            // The id is never free again; who may know is told why.
            let again = try await refusal { try await sales.create(Deal(id: deal.id, displayName: "Desk")) }
            #expect(again?.code == .alreadyExists && again?.reason == "RECORD_DELETED")
            #expect(again?.details.map(\.value) == ["deal", deal.id ?? ""])
            #expect(again?.fieldViolations.map(\.field) == ["deal.id"])
            let stranger = sales.makeUser([
                ("deal", "read", .own), ("deal", "create", .own), ("stage", "read", .all), ("pipeline", "read", .all),
            ])
            let unseen = try await refusal {
                try await sales.create(Deal(id: deal.id, displayName: "Desk"), as: stranger)
            }
            #expect(unseen?.reason == "ID_TAKEN")
            let batch = try await sales.batchCreate([Deal(id: deal.id, displayName: "Desk")])
            #expect(batch.results.map(\.reason) == ["RECORD_DELETED"])
            // The key is free, and then taken.
            let second = try await sales.create(Deal(displayName: "Desk", externalID: "e"))
            let back = try await refusal { try await sales.restore(deal) }
            #expect(back?.reason == "EXTERNAL_ID_TAKEN")
            try await sales.delete(second)
            try await sales.restore(deal)
            let new = try await sales.makePipeline("Same name")
            try await sales.delete(new.pipeline)
            _ = try await sales.makePipeline("SAME name")
            let pipeline = try await refusal { try await sales.restore(new.pipeline) }
            #expect(pipeline?.reason == "DISPLAY_NAME_TAKEN")
        }
    }

    /// The name of a stage is free for another of its pipeline, and taken when the stage comes back.
    @Test func namesOfStagesAreThoseOfTheLiving() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Reworked")
            try await sales.delete(new.new)
            let second = try await sales.addStage("NEW", to: new.pipeline)
            func restore() async throws -> Stage? {
                try await sales.restore(new.new)
            }
            #expect(try await refusal { try await restore() }?.reason == "DISPLAY_NAME_TAKEN")
            try await sales.delete(second)
            #expect(try await restore()?.displayName == "New")
            // Of another pipeline it is another name.
            _ = try await sales.makePipeline("Beside it")
        }
    }

    /// The history names stages and deals that are gone.
    @Test func theHistoryOutlivesItsEnds() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let new = try await sales.makePipeline("Short-lived")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: new.new.id))
            let proposal = try await sales.stage("Proposal")
            try await sales.move(deal, to: proposal)
            try await sales.delete(new.pipeline)
            func told() async throws -> [String?] { try await sales.history(deal).map(\.toStageID) }
            #expect(try await told() == [proposal.id, new.new.id])
            try await sales.delete(deal)
            #expect(try await refusal { try await told() }?.reason == "RECORD_NOT_FOUND")
            try await sales.restore(deal)
            #expect(try await told() == [proposal.id, new.new.id])
        }
    }

    /// Owners and departments that are gone stay named; new ones must exist.
    @Test func aDealKeepsAnOwnerWhoIsGone() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let gone = RecordID.make().text
            try await sales.sql("UPDATE {schema}.deals SET owner_id = '\(gone)', department_id = '\(gone)'")
            let moved = try await sales.move(deal, to: try await sales.stage("Proposal"))
            #expect(moved.ownerID == gone && moved.departmentID == gone)
            try await sales.delete(deal)
            let back = try await sales.restore(deal)
            #expect(back.ownerID == gone && back.departmentID == gone)
            for (value, field) in [
                (Deal(id: deal.id, ownerID: RecordID.make().text), "owner_id"),
                (Deal(id: deal.id, departmentID: RecordID.make().text), "department_id"),
            ] {
                let given = try await refusal { try await sales.update(value, [field]) }
                #expect(given?.reason == "REFERENCE_NOT_FOUND", "\(field)")
            }
        }
    }

    /// A deal tells the truth about what was sold to whom, whatever became of them.
    @Test func aDealKeepsItsCustomerAndOwner() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let account = sales.foreign.make("account")
            let contact = sales.foreign.make("contact")
            let deal = try await sales.create(
                Deal(displayName: "Desk", accountID: account.text, contactID: contact.text))
            sales.foreign.delete("account", account)
            sales.foreign.delete("contact", contact)
            try await sales.delete(deal)
            let back = try await sales.restore(deal)
            #expect(back.accountID == account.text && back.contactID == contact.text)
            let moved = try await sales.move(deal, to: try await sales.stage("Proposal"))
            #expect(moved.accountID == account.text && moved.ownerID == deal.ownerID)
            let anew = try await refusal { try await sales.create(Deal(displayName: "Chair", accountID: account.text)) }
            #expect(anew?.reason == "REFERENCE_NOT_FOUND")
        }
    }
}
