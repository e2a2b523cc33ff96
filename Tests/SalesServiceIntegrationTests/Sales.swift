import AccessControl
import Contracts
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import SalesService

/// Sales with a tenant of its own, which has the pipeline that every workspace begins with.
struct Sales: Sendable {
    let service: TestService

    static func run(
        from number: Int? = nil, old: @escaping @Sendable (Sales) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (Sales) async throws -> Void
    ) async throws {
        try await TestService.run(
            SalesService.definition, from: number, old: { try await old(Sales(service: $0)) },
            { try await body(Sales(service: $0)) })
    }

    func deals(as user: UserID? = nil, requestID: String? = nil) -> DealServiceClient {
        DealServiceClient(channel: service.channel(as: user, requestID: requestID))
    }

    func stages(as user: UserID? = nil) -> StageServiceClient {
        StageServiceClient(channel: service.channel(as: user))
    }

    func pipelines(as user: UserID? = nil) -> PipelineServiceClient {
        PipelineServiceClient(channel: service.channel(as: user))
    }

    func stage(_ name: String, of pipeline: String? = nil) async throws -> Stage {
        let page = try await stages().listStages(ListStagesRequest(filterExpression: "display_name = \"\(name)\""))
        return try #require(page.stages.first { pipeline == nil || $0.pipelineID == pipeline })
    }

    func defaultPipeline() async throws -> Pipeline {
        let page = try await pipelines().listPipelines(
            ListPipelinesRequest(filterExpression: "default_pipeline = true"))
        #expect(page.pipelines.count == 1)
        return try #require(page.pipelines.first)
    }

    /// A pipeline with an open, a won and a lost stage.
    func makePipeline(_ name: String) async throws -> (pipeline: Pipeline, new: Stage, done: Stage, gone: Stage) {
        let pipeline = try #require(
            try await pipelines().createPipeline(CreatePipelineRequest(pipeline: Pipeline(displayName: name))).pipeline)
        func make(_ name: String, _ position: Int32, _ percent: Int32, _ category: StageCategory) async throws -> Stage
        {
            try #require(
                try await stages().createStage(
                    CreateStageRequest(
                        stage: Stage(
                            pipelineID: pipeline.id, displayName: name, position: position,
                            probabilityPercent: percent, category: category))
                ).stage)
        }
        return (
            pipeline, try await make("New", 1, 30, .open), try await make("Done", 2, 100, .won),
            try await make("Gone", 3, 0, .lost)
        )
    }

    func addStage(_ name: String, to pipeline: Pipeline) async throws -> Stage {
        let stage = Stage(
            pipelineID: pipeline.id, displayName: name, position: 9, probabilityPercent: 50, category: .open)
        return try #require(try await stages().createStage(CreateStageRequest(stage: stage)).stage)
    }

    func delete(_ stage: Stage) async throws {
        _ = try await stages().deleteStage(DeleteStageRequest(id: stage.id))
    }

    /// Makes it a won stage.
    func close(_ stage: Stage) async throws {
        _ = try await stages().updateStage(
            UpdateStageRequest(
                stage: Stage(id: stage.id, probabilityPercent: 100, category: .won),
                updateMask: ["category", "probability_percent"]))
    }

    @discardableResult
    func make(_ deal: Deal, as user: UserID? = nil) async throws -> Deal {
        try #require(try await deals(as: user).createDeal(CreateDealRequest(deal: deal)).deal)
    }

    func get(_ deal: Deal) async throws -> Deal {
        try #require(try await deals().getDeal(GetDealRequest(id: deal.id)).deal)
    }

    @discardableResult
    func move(_ deal: Deal, to stage: Stage, reason: String? = nil, as user: UserID? = nil) async throws -> Deal {
        try #require(
            try await deals(as: user).moveDealStage(
                MoveDealStageRequest(
                    id: deal.id, stageID: stage.id, version: try await get(deal).version, outcomeReason: reason)
            ).deal)
    }

    func update(_ deal: Deal, reason: String?) async throws -> Deal {
        try #require(
            try await deals().updateDeal(
                UpdateDealRequest(deal: Deal(id: deal.id, outcomeReason: reason), updateMask: ["outcome_reason"])
            ).deal)
    }

    func history(_ deal: Deal, as user: UserID? = nil) async throws -> [StageChange] {
        try await deals(as: user).listStageHistory(ListStageHistoryRequest(id: deal.id)).changes
    }

    /// Reads and changes all deals and reads pipelines and stages, but for these fields.
    func clerk(hiding: (object: String, field: String, level: FieldLevel)...) -> UserID {
        service.makeUser(
            [("deal", "read", .all), ("deal", "update", .all), ("stage", "read", .all), ("pipeline", "read", .all)],
            hiding: hiding)
    }
}
