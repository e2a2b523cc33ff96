package import Contracts
package import CoreMetrics
import Credentials
package import Logging
import Postgres
package import RPC
package import RPCTransport
package import Reactor
import Synchronization
package import Tenancy
package import TenantDatabase

/// What a program has to serve with: made by `Program`, handed to the service that runs in it.
package final class Host: Sendable {
    package let name: ServiceName
    /// Those that the program serves or must know of.
    package let contracts: ContractCatalogue
    package let settings: HostSettings
    package let logger: Logger
    package let loops: EventLoopGroup
    /// For what would block a loop: passwords, files.
    package let workers: WorkerPool
    /// Where metrics are made that are not made through `MetricsSystem`.
    package let metrics: any MetricsFactory

    let readiness = ReadinessBoard()
    let keys: CallerKeys
    private let health: HealthReporter
    private let channels: [ServiceName: RPCClient]
    private let storage: Storage?
    private let subscription: PolicySubscription?
    private let drainActions = Mutex<[@Sendable () async -> Void]>([])
    private let stopActions = Mutex<[@Sendable () -> Void]>([])

    /// The databases of a program that keeps data of tenants.
    struct Storage: Sendable {
        let databases: DatabaseSet
    }

    init(
        name: ServiceName, contracts: ContractCatalogue, settings: HostSettings, logger: Logger, loops: EventLoopGroup,
        workers: WorkerPool, metrics: any MetricsFactory, keys: CallerKeys, health: HealthReporter, tracing: Tracing,
        channels: [ServiceName: RPCClient], storage: Storage?, subscription: PolicySubscription?
    ) {
        self.name = name
        self.contracts = contracts
        self.settings = settings
        self.logger = logger
        self.loops = loops
        self.workers = workers
        self.metrics = metrics
        self.keys = keys
        self.health = health
        self.tracing = tracing
        self.channels = channels
        self.storage = storage
        self.subscription = subscription
    }

    /// The way to a peer of this program; see `Topology.peers`.
    package func channel(to peer: ServiceName) -> RPCClient {
        guard let channel = channels[peer] else {
            preconditionFailure("\(peer) is no peer of \(name); see Topology")
        }
        return channel
    }

    /// The databases of this program; only for programs that keep data of tenants.
    package var databases: DatabaseSet { requireStorage().databases }

    /// Policies and placements, pushed by identity; for programs that `Topology` lets subscribe.
    package var policies: PolicySubscription {
        guard let subscription else { preconditionFailure("\(name) gets no policies; see Topology") }
        return subscription
    }

    /// Checks references to records of other services.
    var references: ReferenceClient {
        ReferenceClient(channels: channels.mapValues { $0 as any RPCChannel })
    }

    /// Makes proofs of who calls; identity only.
    package var minter: CallerTokenMinter {
        precondition(name == .identity, "only identity states who calls")
        return CallerTokenMinter(keys: keys.all)
    }

    /// A key of 32 bytes for one purpose, the same in all instances of this program and known to no other program but
    /// identity. Not for the gateway, which shares no key.
    package func derivedKey(_ purpose: String) throws -> [UInt8] { try keys.derived(purpose, for: name) }

    /// Says whether a service takes calls that this program does not serve itself but passes on.
    package func setHealth(ofService service: String, isServing: Bool) {
        health.set(isServing: isServing, service: service)
    }

    /// What this program does with traces.
    package let tracing: Tracing

    /// Adds a condition without which the program serves nothing; see `ReadinessBoard`.
    package func need(_ name: String, _ check: @escaping ReadinessBoard.Condition) { readiness.need(name, check) }

    /// Adds a condition without which the program serves less; see `ReadinessBoard`.
    package func want(_ name: String, _ check: @escaping ReadinessBoard.Condition) { readiness.want(name, check) }

    /// Runs before the server drains, which may take as long as the longest call.
    package func onStop(_ action: @escaping @Sendable () -> Void) {
        stopActions.withLock { $0.append(action) }
    }

    func runStopActions() {
        for action in stopActions.withLock(\.self) { action() }
    }

    /// Runs after the server has drained, in reverse order of adding.
    package func onDrain(_ action: @escaping @Sendable () async -> Void) {
        drainActions.withLock { $0.append(action) }
    }

    func runDrainActions() async {
        for action in drainActions.withLock({ $0.reversed() }) { await action() }
    }

    func closeChannels() async {
        for channel in channels.values { await channel.close() }
    }

    var channelsByPeer: [ServiceName: RPCClient] { channels }
    var optionalStorage: Storage? { storage }
    var optionalSubscription: PolicySubscription? { subscription }

    private func requireStorage() -> Storage {
        guard let storage else { preconditionFailure("\(name) keeps no data; see Topology") }
        return storage
    }
}
