import Contracts
import Migrations
import RPC
import Records
package import ServiceHost
import Tenancy
import TenantDatabase

/// Pipelines and the deals that go through them.
package enum SalesService {
    /// The record types, in the order of the README.
    static let types = [PipelineRecord.type, StageRecord.type, DealRecord.type]

    /// What the service offers.
    package static func offer(_ host: Host) async throws -> ServiceOffer {
        let database = TenantDatabase(
            service: .sales, databases: host.databases, placements: host.policies,
            schemaVersions: SalesMigrations.stream.accepted)
        let engine = try RecordEngine(
            database: database, policies: host.policies, types: types,
            references: PeerReferences(client: host.references), pageTokenKey: host.derivedKey("page tokens"))
        var router = try routes(engine)
        ReferenceMethods(engine: engine).register(on: &router)
        return ServiceOffer(router: router)
    }

    /// What users call.
    static func routes(_ engine: RecordEngine) throws -> Router {
        var router = Router()
        try engine.register(on: &router)
        DealMethods(engine: engine).register(on: &router)
        return router
    }
}
