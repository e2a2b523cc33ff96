import Contracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Field policies hold in the methods of deals that are not standard, too.
    @Suite(.serialized) struct DealFieldPolicyJourney {
        private typealias Right = Contracts.Grant

        @Test func aHiddenStageIsToldAndChangedByNoMethod() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let deal = try #require(
                try await workspace.admin.deals.createDeal(CreateDealRequest(record: Deal(displayName: "Ten desks")))
                    .record
            )
            let board = try await workspace.admin.deals.getBoard(GetBoardRequest())
            let clerk = try await connect(workspace, policies: [("stage_id", .none), ("outcome_reason", .read)])
            let lost = try #require(board.columns.last?.stageID)
            let told = try await clerk.deals.getDeal(GetDealRequest(id: deal.id)).record
            #expect(told?.id == deal.id && told?.stageID == nil)
            let byBoard = try await refusal {
                try await clerk.deals.getBoard(
                    GetBoardRequest(filterExpression: "id = \"\(deal.id ?? "")\"", dealsPerStage: 0))
            }
            #expect(byBoard.reason == "FIELD_NOT_READABLE")
            let byHistory = try await refusal {
                try await clerk.deals.listStageHistory(ListStageHistoryRequest(id: deal.id))
            }
            #expect(byHistory.reason == "FIELD_NOT_READABLE")
            let moved = try await refusal {
                try await clerk.deals.moveDealStage(
                    MoveDealStageRequest(id: deal.id, stageID: lost, version: deal.version))
            }
            #expect(moved.reason == "FIELD_NOT_WRITABLE")
            await clerk.close()
            await workspace.close()
        }

        @Test func aReasonThatMayOnlyBeReadIsNotWrittenByAMove() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let deal = try #require(
                try await workspace.admin.deals.createDeal(CreateDealRequest(record: Deal(displayName: "Ten desks")))
                    .record
            )
            let board = try await workspace.admin.deals.getBoard(GetBoardRequest())
            let clerk = try await connect(workspace, policies: [("outcome_reason", .read)])
            let refused = try await refusal {
                try await clerk.deals.moveDealStage(
                    MoveDealStageRequest(
                        id: deal.id, stageID: board.columns[1].stageID, version: deal.version, outcomeReason: "mine"))
            }
            #expect(refused.reason == "FIELD_NOT_WRITABLE")
            let moved = try await clerk.deals.moveDealStage(
                MoveDealStageRequest(id: deal.id, stageID: board.columns[1].stageID, version: deal.version))
            #expect(moved.deal?.stageID == board.columns[1].stageID)
            await clerk.close()
            await workspace.close()
        }

        /// A user who may read and change all deals, but for these fields.
        private func connect(
            _ workspace: TestWorkspace, policies: [(field: String, access: FieldAccess)]
        ) async throws -> StewardConnection {
            let objects = [("deal", "read"), ("deal", "update"), ("stage", "read"), ("pipeline", "read")]
            let role = try await workspace.admin.roles.createRole(
                CreateRoleRequest(
                    record: Role(
                        displayName: "Clerk",
                        grants: objects.map { Right(object: $0.0, action: $0.1, scope: .all) },
                        fieldPolicies: policies.map {
                            Contracts.FieldPolicy(object: "deal", field: $0.field, access: $0.access)
                        }))
            ).record
            let email = "clerk@\(workspace.name).example"
            _ = try await workspace.makeUser(email, roleIDs: [try #require(role?.id)])
            return try await workspace.connect(email)
        }
    }
}
