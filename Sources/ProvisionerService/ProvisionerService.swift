import Contracts
import Logging
package import Migrations
import Observability
import Postgres
import RPC
import Reactor
package import ServiceHost
import Settings
import Tenancy

/// The only program that holds the owner's login, which may make roles and so leads to everything in the database, and
/// with PostgreSQL 15 to the machine. It does what identity asks for and, when it is asked for nothing, sees that the next workspaces find schemas ready.
package enum ProvisionerService {
    /// What the provisioner offers.
    /// - Parameters:
    ///   - streams: one for each service that keeps data of tenants.
    ///   - definitions: the services to whose records workspaces may add fields.
    package static func offer(
        _ host: Host, _ settings: ProvisionerSettings, streams: [MigrationStream], definitions: [ServiceDefinition]
    ) async throws -> ServiceOffer {
        let loop = host.loops.next()
        var owner = PostgresSettings(dsn: settings.dsn.reveal(), poolSize: settings.connections)
        owner.applicationName = "steward-provisioner"
        let database = OwnerDatabase(loop: loop, settings: owner, workers: host.workers, logger: host.logger)
        owner.poolSize = 1
        let building = OwnerDatabase(loop: loop, settings: owner, workers: host.workers, logger: host.logger)
        let indexes = FieldIndexes(
            database: database, building: building, definitions: definitions, logger: host.logger)
        let check = OwnerCheck(database: database, logger: host.logger)
        host.need("database") { check.problem }
        let streams = MigrationStream.ofTenants(streams)
        let stock = BlankStock(
            provisioner: TenantProvisioner(database: database), streams: streams, wanted: settings.blanks,
            logger: host.logger)
        let checking = loop.spawn {
            await check.run()
            await stock.run(on: loop)
        }
        host.onDrain {
            checking.cancel()
            await checking.value
            await database.close()
            await building.close()
        }
        var router = Router()
        TenantProvisioning(database: database, streams: streams, stock: stock, indexes: indexes).register(on: &router)
        return ServiceOffer(router: router)
    }
}
