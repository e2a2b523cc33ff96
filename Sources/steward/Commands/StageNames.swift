import Contracts
import SalesContracts
import StewardClient
import Tenancy
import Wire

/// The living stages of a pipeline by name: names of stages are unique in a pipeline only.
struct StageNames {
    private let stages: [Stage]

    /// Stages that a pipeline can have: positions go from 1 to 100, and a page holds more.
    private static let pageSize: Int32 = 1000

    /// Without a pipeline there are none.
    init(of pipelineID: String?, _ steward: StewardConnection) async throws {
        guard let pipelineID else {
            stages = []
            return
        }
        let filter = Filter(
            compare: Comparison(
                field: "pipeline_id", operator: .equal, values: [Value(stringValue: pipelineID)]))
        let request = ListStagesRequest(filter: filter, orderBy: ["position"], pageSize: StageNames.pageSize)
        stages = try await steward.stages.listStages(request).records
    }

    var names: [String] { stages.compactMap(\.displayName) }

    func name(of id: String) -> String? { stages.first { $0.id == id }?.displayName }

    /// The id of the stage with this name, or the id itself.
    func id(_ name: String) throws -> String {
        if RecordID(name) != nil { return name }
        guard let id = stages.first(where: { $0.displayName == name })?.id else {
            throw UsageProblem(
                "the pipeline has no stage \(name)", cure: "name one of: \(names.joined(separator: ", "))")
        }
        return id
    }

    /// The id of the pipeline with this name, or the id itself.
    static func pipelineID(_ name: String, _ steward: StewardConnection) async throws -> String {
        if RecordID(name) != nil { return name }
        var resolver = ReferenceResolver(connection: steward)
        let resolved = try await resolver.resolve(["pipeline.display_name=\(name)"], in: Deal.descriptor)
        return resolved.map { String($0.dropFirst("pipeline_id=".count)) }.first ?? name
    }
}
