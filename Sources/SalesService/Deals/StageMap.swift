import RPC
import Records
import SalesContracts
import Tenancy

/// Where the deals of each stage of a pipeline go, checked, with all stages held until the transaction ends.
struct StageMap {
    /// Most stages of a map: a pipeline has positions 1 to 100.
    static let mappingsMax = 100

    /// The pipeline that the deals leave.
    let pipelineID: RecordID
    private let ways: [RecordID: (from: DealStage, to: DealStage)]

    /// Throws INVALID_ARGUMENT for a request that is no map; NOT_FOUND for a pipeline or a stage to enter that is not there;
    /// FAILED_PRECONDITION for stages of the wrong pipeline.
    init(_ request: MoveDealsToPipelineRequest, _ transaction: RecordTransaction) async throws {
        pipelineID = try StageMap.id(request.pipelineID, "pipeline_id")
        guard try await transaction.living(PipelineRecord.type, [pipelineID]).contains(pipelineID) else {
            throw RPCError.notFound("PIPELINE_NOT_FOUND", "There is no such pipeline.", domain: "sales")
        }
        guard (1...StageMap.mappingsMax).contains(request.stages.count) else {
            throw RPCError.invalidArgument(
                request.stages.isEmpty ? "TOO_FEW" : "TOO_MANY",
                "Say for 1 to \(StageMap.mappingsMax) stages where their deals go.", field: "stages", domain: "sales")
        }
        let pairs = try request.stages.enumerated().map { index, stage in
            (
                from: try StageMap.id(stage.fromStageID, "stages[\(index)].from_stage_id"),
                to: try StageMap.id(stage.toStageID, "stages[\(index)].to_stage_id")
            )
        }
        let found = try await DealStage.find(pairs.flatMap { [$0.from, $0.to] }, transaction)
        var ways: [RecordID: (from: DealStage, to: DealStage)] = [:]
        for (index, pair) in pairs.enumerated() {
            let to = try DealStage.living(found[pair.to])
            guard let from = found[pair.from], from.pipelineID == pipelineID else {
                throw StageMap.wrongPipeline("stages[\(index)].from_stage_id", "must be a stage of pipeline_id")
            }
            guard to.pipelineID != pipelineID, to.pipelineID == ways.first?.value.to.pipelineID ?? to.pipelineID else {
                throw StageMap.wrongPipeline("stages[\(index)].to_stage_id", "must be a stage of one other pipeline")
            }
            guard ways.updateValue((from, to), forKey: pair.from) == nil else {
                throw RPCError.invalidArgument(
                    "DUPLICATE", "The stage is named twice; say once where its deals go.",
                    field: "stages[\(index)].from_stage_id", domain: "sales")
            }
        }
        self.ways = ways
    }

    /// The stage that a deal is in and the one that it enters. Throws FAILED_PRECONDITION for one that the map does not
    /// name.
    func way(of deal: Deal) throws -> (from: DealStage, to: DealStage) {
        let stage = DealStage.id(of: deal)
        if let way = ways[stage] { return way }
        throw RPCError.failedPrecondition(
            "STAGE_NOT_MAPPED", "The stage \(stage.text) has deals; say where they go.", domain: "sales",
            details: [("stage_id", stage.text)])
    }

    private static func id(_ text: String?, _ field: String) throws -> RecordID {
        if let id = text.flatMap({ RecordID($0) }) { return id }
        throw RPCError.invalidArgument("INVALID_ID", "\(field) is a UUID.", field: field, domain: "sales")
    }

    private static func wrongPipeline(_ field: String, _ text: String) -> RPCError {
        .failedPrecondition("STAGE_NOT_IN_PIPELINE", "\(field) \(text).", domain: "sales", details: [("field", field)])
    }
}
