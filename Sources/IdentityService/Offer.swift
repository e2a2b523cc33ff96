import Contracts
import CoreMetrics
import Glibc
import Observability
import Postgres
import RPC
import Reactor
package import ServiceHost
import Settings
import Tenancy
import TenantDatabase

/// What identity offers: sign-in, tenants, users, departments and roles to clients; callers and policies to the other
/// programs. Starts what identity does by itself: watching for changes and finishing what was cut off.
package func offer(_ host: Host) async throws -> ServiceOffer {
    let identity = try Identity(IdentityParts(host))
    let loop = host.loops.next()
    let served = ServedTenants(directory: identity.directory)
    let jobs = JobHost(
        identity.jobs, identity.engine,
        tenants: { try await served.page(of: .identity, after: $0, deadline: .after(HostLimits.policyFetchTimeout)) },
        loop: host.loops.next(), logger: host.logger, metrics: host.metrics)
    jobs.start()
    let work = [
        loop.spawn {
            for await changes in identity.feed.policies.watch() {
                for change in changes { jobs.heard(of: change.tenantID) }
            }
        },
        loop.spawn { try? await identity.poller.run(on: loop) },
        loop.spawn { try? await identity.sweeper.run(on: loop) },
    ]
    host.onDrain {
        for task in work { task.cancel() }
        identity.feed.policies.finish()
        identity.feed.revocations.finish()
        for task in work { await task.value }
    }
    host.onStop { jobs.stop() }
    host.onDrain { await jobs.drain() }
    return ServiceOffer(router: try identity.router())
}

extension IdentityParts {
    /// Takes the parts from the host.
    init(_ host: Host) throws {
        let passwordWorkers = try WorkerPool(
            threadCount: IdentityParts.passwordThreads(host), queueCountMax: host.settings.workers,
            name: "password", niceness: PasswordHasher.niceness)
        // Its end may take the time of a password, and a loop does not wait.
        host.onDrain { try? await host.workers.run { passwordWorkers.shutdown() } }
        let evaluations = Counter(label: MetricName.passwordEvaluations, factory: host.metrics)
        self.init(
            databases: host.databases, directory: IdentityParts.directory(host),
            provisioner: ProvisioningServiceClient(channel: host.channel(to: .provisioner)),
            records: host.contracts.records, minter: host.minter,
            services: Dictionary(
                uniqueKeysWithValues: Installation.current.recordServices.map { ($0, host.channel(to: $0)) }),
            passwordWorkers: passwordWorkers,
            onPasswordEvaluation: { evaluations.increment() },
            pageTokenKey: try host.derivedKey("page tokens"), logger: host.logger)
    }

    /// Half of the processors at most: the others are left to those who are signed in. No more than the setting `workers`.
    private static func passwordThreads(_ host: Host) -> Int {
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return max(1, min(host.settings.workers, processors / 2))
    }

    /// The directory lies in identity's own database, reached by connections of its own: half as many again as the
    /// setting database.connections says, at least two for each loop.
    private static func directory(_ host: Host) -> DirectoryDatabase {
        guard let database = host.settings.database else {
            preconditionFailure("identity keeps data; see Topology")
        }
        var settings = PostgresSettings(
            dsn: database.dsn.reveal(), poolSize: max(2, database.connections / host.settings.loops / 2))
        settings.applicationName = "steward-identity-directory"
        let databases = DatabaseSet(
            loops: host.loops, endpoints: [DatabaseEndpoint(partitions: [settings])], workers: host.workers,
            logger: host.logger)
        host.onDrain { await databases.close(deadline: 0) }
        return DirectoryDatabase(databases: databases)
    }
}
