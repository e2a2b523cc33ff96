import Contracts
import Migrations
import RPC
import Records
package import ServiceHost
import Tenancy
import TenantDatabase

/// Accounts, contacts and what happens with them.
package enum CustomerService {
    /// The record types, in the order of the README.
    static let types = [AccountRecord.type, ContactRecord.type, AccountContactRecord.type, ActivityRecord.type]

    /// What the service offers.
    package static func offer(_ host: Host) async throws -> ServiceOffer {
        let database = TenantDatabase(
            service: .customer, databases: host.databases, placements: host.policies,
            schemaVersions: CustomerMigrations.stream.accepted)
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
        return router
    }
}
