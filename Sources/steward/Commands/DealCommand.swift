import ArgumentParser
import Contracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import Wire

/// Deals: the standard commands, the board and moving.
struct DealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Deal.noun.name, abstract: Deal.noun.abstract,
        subcommands: RecordCommands.standard(Deal.self)
            + [Board.self, Move.self, MoveAllDeals.self, StageHistory.self])

    struct Board: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a pipeline stage by stage: how many deals, what they are worth, the first of them.")

        @OptionGroup var connection: ConnectionOptions
        @Option(help: "Name of the pipeline; without it the default one.") var pipeline: String?
        @Option(help: "Only deals that fulfil this.") var filter: String?
        @Option(help: "Deals to show for each stage, 0 to 100.") var deals: Int32 = 5
        @Option(help: "table, json, or csv with a row for each stage.") var output: OutputFormat = .table

        func run() async throws {
            let steward = try await connection.connectSignedIn()
            let client = RecordClient(connection: steward, noun: Deal.noun)
            var request = GetBoardRequest(filterExpression: filter, dealsPerStage: deals)
            if let pipeline { request.pipelineID = try await StageNames.pipelineID(pipeline, steward) }
            if output == .table {
                let board = try await FilterHint.heeded(client) { try await steward.deals.getBoard(request) }
                for line in BoardText.lines(board, width: Terminal.width) { Terminal.line(line) }
            } else {
                let answer = try await FilterHint.heeded(client) {
                    try await steward.call(DealServiceMethods.getBoard) { request.write(to: $0) }
                }
                try BoardText.show(answer, output)
            }
        }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves a deal to another stage, of its pipeline or of another.",
            discussion: """
                A move to a lost stage needs a reason; a move to the stage it is in changes the reason.

                Examples:
                  steward deal move 'Two anvils' --stage Won --reason 'best price'
                  steward deal move 0190b5a0-… --pipeline Partners --stage New
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the deal.") var id: String
        @Option(help: "Name or id of the stage.") var stage: String
        @Option(help: "Name or id of the stage's pipeline; without it the deal's.") var pipeline: String?
        @Option(help: "Why it was won or lost.") var reason: String?
        @Option(help: "Version of the deal that was read; without it the present one.") var version: Int64?

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let id = try await RecordClient(connection: steward, noun: Deal.noun).id(of: id)
            let deal = try await steward.deals.getDeal(GetDealRequest(id: id)).record
            let request = MoveDealStageRequest(
                id: id, stageID: try await stageID(steward, dealPipeline: deal?.pipelineID),
                version: version ?? deal?.version, outcomeReason: reason)
            let answer = try await steward.call(DealServiceMethods.moveDealStage) { request.write(to: $0) }
            guard let field = answer.descriptor.field("deal"), let moved = answer.message(field) else { return }
            try await options.show(one: moved, steward)
        }

        private func stageID(_ steward: StewardConnection, dealPipeline: String?) async throws -> String {
            if RecordID(stage) != nil { return stage }
            var pipelineID = dealPipeline
            if let pipeline { pipelineID = try await StageNames.pipelineID(pipeline, steward) }
            return try await StageNames(of: pipelineID, steward).id(stage)
        }
    }

    struct StageHistory: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the stages that a deal has been in.")

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the deal.") var id: String

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let id = try await RecordClient(connection: steward, noun: Deal.noun).id(of: id)
            let request = ListStageHistoryRequest(id: id)
            let answer = try await steward.call(DealServiceMethods.listStageHistory) { request.write(to: $0) }
            guard let field = answer.descriptor.field("changes") else { return }
            try await options.show(
                answer.messages(field), of: StageChange.descriptor,
                preferred: ["change_time", "from_stage", "to_stage", "outcome_reason", "seconds_in_stage", "user"],
                steward)
        }
    }
}
