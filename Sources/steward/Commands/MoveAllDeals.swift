import ArgumentParser
import RPC
import SalesContracts
import StewardClient

/// Moves the deals of a pipeline to another, so that it can be deleted.
struct MoveAllDeals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move-all", abstract: "Moves all deals of a pipeline to the stages of another.",
        discussion: """
            Deals go to the stage of the same name unless --map says otherwise. What is cut off is finished by the same
            command.

            Example:
              steward deal move-all --from Sales --to Partners --map Qualified=New --map Proposal=New
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "Name or id of the pipeline that they leave.") var from: String
    @Option(help: "Name or id of the pipeline that they go to.") var to: String
    @Option(help: "A stage that they leave and the one that they enter, as in Qualified=New; any number of times.")
    var map: [String] = []
    @Option(help: "Why those are lost that come to a lost stage and were not lost before.") var reason: String?

    func run() async throws {
        let steward = try await connection.connectSignedIn()
        let source = try await StageNames.pipelineID(from, steward)
        let target = try await StageNames.pipelineID(to, steward)
        let stages = (from: try await StageNames(of: source, steward), to: try await StageNames(of: target, steward))
        let request = MoveDealsToPipelineRequest(
            pipelineID: source, stages: try mappings(from: stages.from, to: stages.to),
            outcomeReason: reason)
        var moved: Int64 = 0
        var answer = MoveDealsToPipelineResponse()
        repeat {
            answer = try await Self.move(request, steward, stages)
            moved += answer.movedCount ?? 0
        } while answer.movedCount ?? 0 > 0 && answer.remainingCount ?? 0 > 0
        let left = answer.remainingCount ?? 0
        Terminal.line("\(moved) moved" + (left > 0 ? ", \(left) left that you may not change" : ""))
    }

    private static func move(
        _ request: MoveDealsToPipelineRequest, _ steward: StewardConnection,
        _ stages: (from: StageNames, to: StageNames)
    ) async throws -> MoveDealsToPipelineResponse {
        do {
            return try await steward.deals.moveDealsToPipeline(request, options: .write())
        } catch {
            guard error.reason == "STAGE_NOT_MAPPED" else { throw error }
            throw notMapped(error, stages)
        }
    }

    /// The stage by its name, and how to say where its deals go.
    private static func notMapped(_ error: RPCError, _ stages: (from: StageNames, to: StageNames)) -> UsageProblem {
        let id = error.details.first { $0.key == "stage_id" }?.value ?? ""
        let name = stages.from.name(of: id) ?? id
        return UsageProblem(
            "the stage \(name) has deals, and no stage of the other pipeline has its name",
            cure: "say where they go: --map '\(name)=STAGE' with one of \(stages.to.names.joined(separator: ", "))")
    }

    private func mappings(from source: StageNames, to target: StageNames) throws -> [StageMapping] {
        var ways: [String: String] = [:]
        for name in source.names where target.names.contains(name) {
            ways[try source.id(name)] = try target.id(name)
        }
        for way in map {
            let parts = way.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw UsageProblem("\(way) is no pair of stages", cure: "write it as in --map Qualified=New")
            }
            ways[try source.id(parts[0])] = try target.id(parts[1])
        }
        return ways.sorted { $0.key < $1.key }.map { StageMapping(fromStageID: $0.key, toStageID: $0.value) }
    }
}
