import RPC
import SalesContracts
import Testing
import Wire

@Suite struct TypedRouterTests {
    /// Only what is not standard is asked of the service.
    private struct Deals: DealServiceCustomMethods {
        func moveDealStage(_ request: MoveDealStageRequest, _ context: CallContext) async throws
            -> MoveDealStageResponse
        {
            MoveDealStageResponse(deal: Deal(id: request.id, stageID: request.stageID))
        }

        func moveDealsToPipeline(
            _ request: MoveDealsToPipelineRequest, _ context: CallContext
        ) async throws -> MoveDealsToPipelineResponse {
            MoveDealsToPipelineResponse()
        }

        func listStageHistory(
            _ request: ListStageHistoryRequest, _ context: CallContext
        ) async throws -> ListStageHistoryResponse {
            ListStageHistoryResponse()
        }

        func getBoard(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
            GetBoardResponse()
        }
    }

    @Test func registersTheCustomMethodsOnly() {
        var router = Router()
        Deals().register(on: &router)
        #expect(
            router.methods == [
                DealServiceMethods.moveDealStage, DealServiceMethods.moveDealsToPipeline,
                DealServiceMethods.listStageHistory,
                DealServiceMethods.getBoard,
            ])
    }

    /// A channel that answers with what it was asked.
    private struct Echo: RPCChannel {
        func unary(
            _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
        ) async throws(RPCError) -> [UInt8] {
            do {
                #expect(method == DealServiceMethods.moveDealStage)
                let asked = try MoveDealStageRequest(decoding: request)
                return MoveDealStageResponse(deal: Deal(id: asked.id, stageID: asked.stageID)).encoded()
            } catch {
                throw RPCError(masking: error)
            }
        }

        func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
            throw RPCError.unimplemented("NOT_EXPECTED", "No stream is opened here.")
        }
    }

    @Test func theClientAsksAndReads() async throws {
        let answer = try await DealServiceClient(channel: Echo()).moveDealStage(
            MoveDealStageRequest(id: "1", stageID: "2"))
        #expect(answer.deal == Deal(id: "1", stageID: "2"))
    }
}
