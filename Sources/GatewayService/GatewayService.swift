import Contracts
import CoreMetrics
import Observability
import RPC
import RPCTransport
import Reactor
package import ServiceHost
import Tenancy

/// The front door: accepts thin clients, ties sessions to connections and passes calls on.
package enum GatewayService {
    /// What the gateway serves: sessions itself, everything else by passing it on.
    package static func offer(_ host: Host, _ settings: GatewaySettings) async throws -> ServiceOffer {
        let limits = TenantAccount.Limits(
            callsMax: host.settings.tenantCallsMax, unitsPerSecond: settings.tenantUnitsPerSecond,
            unitsBurst: settings.tenantUnitsBurst)
        let callers = CallerServiceClient(channel: host.channel(to: .identity))
        let registry = SessionRegistry(
            attached: Meter(label: MetricName.attachedSessions, factory: host.metrics))
        var router = Router()
        let (openCalls, ownAnswers) = (OpenCalls(), OwnAnswers())
        let unsampled = Counter(label: MetricName.clientTracesUnsampled, factory: host.metrics)
        let sampling = SamplingBudget(settings.clientTraces, now: MonotonicTime.now()) { unsampled.increment() }
        let accounts = TenantAccounts(limits, sampling: sampling)
        SessionService(callers: callers, registry: registry, openCalls: openCalls, accounts: accounts).register(
            on: &router)
        let destinations = DestinationTable(host.contracts.methods)
        let forwarder = Forwarder(
            destinations: destinations,
            clients: Dictionary(uniqueKeysWithValues: Topology.facingClients.map { ($0, host.channel(to: $0)) }),
            metrics: ForwardMetrics(
                statistics: CallStatistics(methods: destinations.methods, loops: host.loops), factory: host.metrics),
            openCalls: openCalls, tracing: host.tracing, sampling: sampling,
            log: ForwardLog(slowCall: host.settings.slowCall, logger: host.logger))
        let watch = RevocationWatch(
            callers: callers, registry: registry, loop: host.loops.next(), logger: host.logger)
        host.want("revocations") { watch.problem.current }
        let watching = Task(executorPreference: watch.loop) { await watch.run() }
        host.onDrain { watching.cancel() }
        watchHealth(host)
        return ServiceOffer(
            router: router, fallback: { call, frame in forwarder.take(call, frame) },
            pace: { connection, answer in ownAnswers.wait(connection, answer) },
            forwarded: forwarder.metrics.statistics, requireOperator: OperatorSession.require,
            callerSampling: sampling)
    }

    private static func watchHealth(_ host: Host) {
        for peer in Topology.facingClients {
            let health = PeerHealth(
                peer: peer, channel: host.channel(to: peer),
                services: host.contracts.services.compactMap(\.name).filter {
                    Installation.current.program(offering: $0) == peer
                },
                report: { host.setHealth(ofService: $0, isServing: $1) }, loop: host.loops.next(), logger: host.logger)
            let watching = Task(executorPreference: health.loop) { await health.run() }
            host.onDrain { watching.cancel() }
        }
    }
}
