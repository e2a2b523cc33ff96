import Contracts
package import ServiceHost

/// Pipelines and the deals that go through them.
package enum SalesService {
    package static let definition = ServiceDefinition(
        SalesMigrations.stream,
        records: [
            .init(PipelineRecord.type, PipelineServiceMethods.all),
            .init(StageRecord.type, StageServiceMethods.all),
            .init(DealRecord.type, DealServiceMethods.all),
        ],
        methods: { engine, router in DealMethods(engine: engine).register(on: &router) })
}
