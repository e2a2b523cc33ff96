import Contracts
import Glibc
import Logging
import Metrics
import Observability
import RPC
import RPCTransport
import Reactor
import Settings
import Synchronization
import TLSTransport
import Tenancy
import TenantDatabase

/// One run of a program: makes everything in the order in which it is needed, serves until told to stop, and lets go in
/// reverse order.
final class ProcessRun: Sendable {
    let name: ServiceName
    let contracts: ContractCatalogue
    let settings: HostSettings
    let logger: Logger
    let loops: EventLoopGroup
    let workers: WorkerPool
    let registry = PrometheusRegistry()
    let tls: TLSContexts
    let health = BuiltinServices.makeHealth()
    let listening = ReadinessFlag("starting")
    let databaseState = ReadinessFlag(Probe.firstState)
    /// Probes in a row that got no connection.
    let busyProbeCount = Atomic<Int>(0)

    let spans: SpanExporter?

    private let sources: SettingsSources
    private let levelSwitch: LogLevelSwitch
    private let keys: CallerKeys
    private let stopRequests = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
    private let isStopping = Atomic<Bool>(false)
    private let signals = Mutex<Signals?>(nil)
    private let ownServices = Mutex<Set<String>>([])

    /// Reads keys and certificates and makes the threads. Throws what is wrong, with the cure.
    init(
        name: ServiceName, contracts: ContractCatalogue, settings: HostSettings, sources: SettingsSources,
        warnings: [String]
    ) throws {
        let levelSwitch = LogLevelSwitch(settings.logLevel)
        LoggingSystem.bootstrap { _ in JSONLogHandler(program: name.rawValue, level: levelSwitch) }
        MetricsSystem.bootstrap(registry)
        self.name = name
        self.contracts = contracts
        self.settings = settings
        self.sources = sources
        self.levelSwitch = levelSwitch
        logger = Logger(label: name.rawValue)
        spans =
            settings.tracing.file.isEmpty
            ? nil
            : SpanExporter(
                path: settings.tracing.file, program: "steward-\(name.rawValue)", version: Version.current,
                fileBytesMax: settings.tracing.fileBytesMax, factory: registry)
        TLSContext.prepareLibrary()
        keys = try CallerKeys(settings.callerKeys)
        tls = try TLSContexts(name, settings.tls)
        workers = try WorkerPool(
            threadCount: settings.workers, queueCountMax: settings.workers * HostLimits.workQueuePerThread)
        loops = try EventLoopGroup(count: settings.loops)
        for warning in warnings { logger.warning("odd setting", metadata: [LogKey.setting: "\(warning)"]) }
    }

    /// Serves until SIGTERM. Blocks the main thread.
    func run(_ build: @escaping @Sendable (Host) async throws -> ServiceOffer) throws {
        let end = Latch<Result<Void, any Error>>()
        loops.loops[0].spawn {
            do {
                try await self.serve(build)
                end.open(.success(()))
            } catch {
                end.open(.failure(error))
            }
        }
        try end.wait().get()
        loops.shutdown()
        workers.shutdown()
    }

    private func serve(_ build: @Sendable (Host) async throws -> ServiceOffer) async throws {
        let addresses = try await resolvedAddresses()
        let host = makeHost()
        addReadiness(host)
        let admin = try startAdmin(addresses.admin, host)
        try takeSignals()
        try ListeningSocket.requireFree(addresses.listen, setting: "listen")
        let server = try makeServer(addresses.listen, try await build(host), host)
        host.optionalSubscription?.start()
        let probe = Probe(run: self, host: host).start()
        let spanWriter = SpanWriter(run: self)
        let writing = spanWriter?.start()
        let certificates = CertificateWatch(tls: tls, loop: loops.loops[0], workers: workers, logger: logger).start()
        try await server.start()
        listening.current = nil
        updateHealth(host)
        logger.info(
            "serving",
            metadata: [LogKey.address: "\(addresses.listen)", LogKey.version: "\(Version.current)"])
        for await signal in stopRequests.stream {
            logger.info("stopping", metadata: [LogKey.signal: "\(signal)"])
            break
        }
        certificates.cancel()
        await drain(server, host, probe, admin)
        writing?.cancel()
        await spanWriter?.write()
        logger.info("stopped")
    }

    /// In reverse order of the start. Calls that were accepted finish within the deadline.
    private func drain(_ server: RPCServer, _ host: Host, _ probe: Task<Void, Never>, _ admin: AdminServer)
        async
    {
        listening.current = "stopping"
        updateHealth(host)
        host.runStopActions()
        let deadline = Deadline.after(settings.drainDeadline)
        await server.drain(within: settings.drainDeadline)
        probe.cancel()
        await host.runDrainActions()
        host.optionalSubscription?.stop()
        await host.closeChannels()
        await host.optionalStorage?.databases.close(
            deadline: max(deadline, Deadline.after(Self.databaseCloseTimeout)).nanoseconds)
        admin.stop()
    }

    /// Closing idle connections takes no time; one that does not answer is left to the kernel.
    private static let databaseCloseTimeout: Duration = .seconds(1)

    private func resolvedAddresses() async throws -> (listen: SocketAddress, admin: SocketAddress) {
        let listen = try await HostAndPort.resolve(settings.listen, setting: "listen", on: workers)
        let admin = try await HostAndPort.resolve(settings.admin, setting: "admin", on: workers)
        guard let first = listen.first, let second = admin.first else {
            throw StartError("listen or admin names a host without an address")
        }
        return (first, second)
    }

    private func makeHost() -> Host {
        var channels: [ServiceName: RPCClient] = [:]
        for (peer, texts) in settings.peers {
            // A name that is not found yet keeps no program from starting: it is tried on, and readiness says so.
            channels[peer] = RPCClient(
                loops: loops, servers: texts.map { ServerName($0, certificateName: peer.peerName) },
                name: peer.peerName, resolve: { [workers] in try await SocketAddress.resolve($0, on: workers) },
                tls: tls.client, agent: agent, logger: logger, tracing: tracing,
                audience: .users(of: Installation.current[peer].purpose, service: peer.rawValue),
                onAttempt: AttemptMetrics(peer: peer, factory: registry).count)
        }
        let subscription =
            Topology.subscribesToPolicies(name)
            ? channels[.identity].map {
                PolicySubscription(channel: $0, loop: loops.loops[0], logger: logger, factory: registry)
            } : nil
        return Host(
            name: name, contracts: contracts, settings: settings, logger: logger, loops: loops, workers: workers,
            metrics: registry,
            keys: keys, health: health, tracing: tracing, channels: channels,
            storage: settings.database.map { Host.Storage($0, self) },
            subscription: subscription)
    }

    private func makeServer(_ address: SocketAddress, _ offer: ServiceOffer, _ host: Host) throws -> RPCServer {
        var limits = name == .gateway ? ServerLimits() : ServerLimits.forPrograms
        limits.connectionsMax = settings.connectionsMax
        // Programs come from few addresses, clients from many.
        if name == .gateway, settings.connectionsPerAddressMax > 0 {
            limits.connectionsPerAddressMax = settings.connectionsPerAddressMax
        }
        if name == .gateway, settings.handshakesPerAddressMax > 0 {
            limits.handshakesPerAddressMax = settings.handshakesPerAddressMax
        }
        let statistics = CallStatistics(methods: BuiltinServices.methods(of: offer.router), loops: loops)
        let transport = TransportMetrics(factory: registry)
        let service = ServerService(
            program: name, features: features, hello: limits.hello(agent: agent), calls: statistics,
            forwarded: offer.forwarded, transport: transport, metrics: registry, channels: host.channelsByPeer,
            requireOperator: offer.requireOperator ?? { _ in })
        var router = offer.router
        BuiltinServices(program: name, contracts: contracts).register(health, service, on: &router)
        declareHealth(router)
        var tracing = tracing
        tracing.callerSampling = offer.callerSampling
        let server = RPCServer(
            loops: loops, address: address, tls: tls.server, router: router,
            interceptors: try interceptors(statistics),
            admission: Admission.rule(of: name, settings), fallback: offer.fallback, pace: offer.pace,
            peers: name == .gateway ? .anyone : .programs(Topology.callers(of: name)),
            limits: limits, agent: agent, logger: logger, observer: transport, tracing: tracing,
            accountsWork: settings.database != nil)
        service.observe(server)
        return server
    }

    private func interceptors(_ statistics: CallStatistics) throws -> [any Interceptor] {
        if name == .gateway {
            return InterceptorChain.gateway(statistics: statistics, settings: settings, factory: registry)
        }
        guard Topology.keepsTenantData(name) else {
            return InterceptorChain.programs(statistics: statistics, settings: settings, factory: registry)
        }
        return InterceptorChain.service(
            statistics: statistics, settings: settings,
            verifier: CallerTokenVerifier(audience: name, key: try keys.key(for: name)), factory: registry)
    }

    private var tracing: Tracing {
        Tracing(sampling: TraceSampling(ratio: settings.tracing.sample), exporter: spans)
    }

    /// What GetServerInfo names.
    private var features: [String] {
        ["health", "reflection", "statistics"] + (name == .gateway ? ["sessions", "forwarding"] : [])
            + (spans == nil ? [] : ["tracing"])
    }

    // MARK: Health

    /// The services of the program are known from the start, and take no calls yet.
    private func declareHealth(_ router: Router) {
        for service in Set(router.methods.map(\.service)) {
            ownServices.withLock { _ = $0.insert(service) }
            health.set(isServing: false, service: service)
        }
    }

    /// The program takes calls when everything holds that it needs; services of the protocol need nothing but the server, sessions also
    /// identity, which knows them.
    func updateHealth(_ host: Host) {
        let isListening = listening.current == nil
        let isReady = isListening && host.readiness.problems.isEmpty
        health.set(isServing: isReady)
        for service in ownServices.withLock({ $0 }) {
            let isServing =
                switch service {
                case SessionServiceMethods.serviceName: isListening && host.channelsByPeer[.identity]?.isReady == true
                case _ where Topology.isOfProtocol(service): isListening
                default: isReady
                }
            health.set(isServing: isServing, service: service)
        }
    }

    private func startAdmin(_ address: SocketAddress, _ host: Host) throws -> AdminServer {
        let pages = AdminPages(
            metrics: { [registry] in registry.exposition() },
            readiness: host.readiness)
        let admin = AdminServer(loop: loops.loops[0], pages: pages, workers: workers)
        try admin.start(address)
        return admin
    }

    /// What each program needs, and what it can do without, is told in deploy/README.md.
    private func addReadiness(_ host: Host) {
        host.readiness.need("server") { [listening] in listening.current }
        if host.optionalStorage != nil {
            host.readiness.need("database") { [databaseState] in databaseState.current }
        }
        if let subscription = host.optionalSubscription {
            host.readiness.need("policies") { subscription.readinessProblem }
            host.readiness.want("writes") { subscription.writingProblem }
        }
        let peers = host.channelsByPeer.sorted { $0.key.rawValue < $1.key.rawValue }
        for (peer, channel) in peers {
            host.readiness.want("peer \(peer.rawValue)") {
                channel.problem.map { "\($0); is it running and reachable under peers.\(peer.rawValue)?" }
            }
        }
        // A gateway that reaches no service can only refuse.
        guard name == .gateway else { return }
        host.readiness.need("peers") {
            peers.contains { $0.value.isReady }
                ? nil : "none is connected of \(peers.map(\.key.rawValue).joined(separator: ", "))"
        }
    }

    private func takeSignals() throws {
        let taken = try Signals(loop: loops.loops[0]) { [self] request in
            switch request {
            case .stop(let signal): requestStop(signal)
            case .reload: loops.loops[0].spawn { await self.reload() }
            }
        }
        signals.withLock { $0 = taken }
    }

    /// Begins to drain. The second time, or while still starting, the process ends at once.
    func requestStop(_ signal: String) {
        let isSecond = isStopping.exchange(true, ordering: .relaxed)
        if isSecond || listening.current != nil {
            logger.warning("leaving at once", metadata: [LogKey.signal: "\(signal)"])
            exit(isSecond ? 1 : 0)
        }
        stopRequests.continuation.yield(signal)
    }

    /// SIGHUP: certificates, at once, and the log level; the file of spans is opened anew. When something is wrong everything stays as it was.
    private func reload() async {
        do {
            let level = try await workers.run { [self] in
                let reader = try SettingsReader(sources)
                let fresh = HostSettings(name, reader)
                try reader.requireValues()
                try tls.reload()
                return fresh.logLevel
            }
            levelSwitch.level = level
            spans?.reopen()
            logger.notice("certificates and log level read again")
        } catch {
            logger.error("reload refused; all stays as it was", metadata: [LogKey.error: "\(LogText.of(error))"])
        }
    }

    private var agent: String { "steward-\(name.rawValue)/\(Version.current)" }
}
