import Contracts
import SalesContracts
package import ServiceHost

/// Pipelines and the deals that go through them.
package enum SalesService {
    package static let definition = ServiceDefinition(
        SalesMigrations.stream, records: [PipelineRecord.type, StageRecord.type, DealRecord.type],
        mirrors: [AccountMirror.type], purgesDeleted: true, isSearched: true,
        methods: { engine, router in DealMethods(engine: engine).register(on: &router) })
}
