import AccessControl
import SalesContracts
import Tenancy
import TestService
import Testing

/// Sales, whose tenants have the pipeline that every workspace begins with.
extension TestService {
    func deals(as user: UserID? = nil, requestID: String? = nil) -> DealServiceClient {
        DealServiceClient(channel: channel(as: user, requestID: requestID))
    }

    func stage(_ name: String, of pipeline: String? = nil) async throws -> Stage {
        let stages = try await list(Stage.self, "display_name = \"\(name)\"")
        return try #require(stages.first { pipeline == nil || $0.pipelineID == pipeline })
    }

    func defaultPipeline() async throws -> Pipeline {
        let pipelines = try await list(Pipeline.self, "default_pipeline = true")
        #expect(pipelines.count == 1)
        return try #require(pipelines.first)
    }

    /// A pipeline with an open, a won and a lost stage.
    func makePipeline(_ name: String) async throws -> (pipeline: Pipeline, new: Stage, done: Stage, gone: Stage) {
        let pipeline = try await create(Pipeline(displayName: name))
        func make(_ name: String, _ position: Int32, _ percent: Int32, _ category: StageCategory) async throws -> Stage
        {
            try await create(
                Stage(
                    pipelineID: pipeline.id, displayName: name, position: position, probabilityPercent: percent,
                    category: category))
        }
        return (
            pipeline, try await make("New", 1, 30, .open), try await make("Done", 2, 100, .won),
            try await make("Gone", 3, 0, .lost)
        )
    }

    func addStage(_ name: String, to pipeline: Pipeline) async throws -> Stage {
        try await create(
            Stage(pipelineID: pipeline.id, displayName: name, position: 9, probabilityPercent: 50, category: .open))
    }

    /// Makes it a won stage.
    @discardableResult
    func close(_ stage: Stage) async throws -> Stage {
        try await update(
            Stage(id: stage.id, probabilityPercent: 100, category: .won), ["category", "probability_percent"])
    }

    @discardableResult
    func move(_ deal: Deal, to stage: Stage, reason: String? = nil, as user: UserID? = nil) async throws -> Deal {
        try #require(
            try await deals(as: user).moveDealStage(
                MoveDealStageRequest(
                    id: deal.id, stageID: stage.id, version: try await get(deal).version, outcomeReason: reason)
            ).deal)
    }

    func update(_ deal: Deal, reason: String?, as user: UserID? = nil) async throws -> Deal {
        try await update(Deal(id: deal.id, outcomeReason: reason), ["outcome_reason"], as: user)
    }

    func history(_ deal: Deal, as user: UserID? = nil) async throws -> [StageChange] {
        try await deals(as: user).listStageHistory(ListStageHistoryRequest(id: deal.id)).changes
    }

    /// Reads and changes all deals and reads pipelines and stages, but for these fields.
    func clerk(hiding: (object: String, field: String, level: FieldLevel)...) -> UserID {
        makeUser(
            [("deal", "read", .all), ("deal", "update", .all), ("stage", "read", .all), ("pipeline", "read", .all)],
            hiding: hiding)
    }
}
