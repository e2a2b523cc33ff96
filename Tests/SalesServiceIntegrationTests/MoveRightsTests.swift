import AccessControl
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// What a caller needs to move a deal.
@Suite struct MoveRightsTests {
    private static let reads: [(object: String, action: String, scope: Scope)] = [
        ("deal", "read", .all), ("stage", "read", .all),
    ]

    /// Who sees all deals and changes his own moves no other's.
    @Test func aDealIsMovedByWhoMayChangeIt() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let rep = sales.makeUser(Self.reads + [("pipeline", "read", .all), ("deal", "update", .own)])
            let proposal = try await sales.stage("Proposal")
            let other = try await sales.create(Deal(displayName: "Theirs"))
            let refused = try await refusal { try await sales.move(other, to: proposal, as: rep) }
            #expect(refused?.code == .permissionDenied && refused?.reason == "RECORD_OUT_OF_SCOPE")
            #expect(try await sales.get(other).stageID == other.stageID)
            let own = try await sales.create(Deal(ownerID: rep.description, displayName: "Mine"))
            #expect(try await sales.move(own, to: proposal, as: rep).stageID == proposal.id)
        }
    }

    /// A move within the pipeline tells nothing of pipelines, one to another does.
    @Test func anotherPipelineMustBeReadable() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let rep = sales.makeUser(Self.reads + [("deal", "update", .all)])
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let moved = try await sales.move(deal, to: try await sales.stage("Proposal"), as: rep)
            let other = try await sales.makePipeline("Other").new
            let refused = try await refusal { try await sales.move(moved, to: other, as: rep) }
            #expect(refused?.code == .permissionDenied && refused?.reason == "PERMISSION_MISSING")
            #expect(try await sales.get(deal).pipelineID == deal.pipelineID)
        }
    }
}
