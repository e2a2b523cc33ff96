import Contracts
import Glibc
import Observability
import RPC
import RPCTransport
import Synchronization
import Tenancy

/// Serves steward.rpc.v1.ServerService for this program, and passes on what is asked about its peers.
final class ServerService: ServerServiceCustomMethods {
    let program: ServiceName
    let features: [String]
    /// The hello of this program's server.
    let hello: Hello
    let calls: CallStatistics
    /// Calls that the gateway passes on.
    let forwarded: CallStatistics?
    let transport: TransportMetrics
    let metrics: PrometheusRegistry
    let channels: [ServiceName: RPCClient]
    /// Throws unless an operator calls.
    let requireOperator: OperatorCheck
    private let startTime = ServerService.now()
    private let server = Mutex<RPCServer?>(nil)

    init(
        program: ServiceName, features: [String], hello: Hello, calls: CallStatistics, forwarded: CallStatistics?,
        transport: TransportMetrics, metrics: PrometheusRegistry, channels: [ServiceName: RPCClient],
        requireOperator: @escaping OperatorCheck
    ) {
        self.program = program
        self.features = features
        self.hello = hello
        self.calls = calls
        self.forwarded = forwarded
        self.transport = transport
        self.metrics = metrics
        self.channels = channels
        self.requireOperator = requireOperator
    }

    /// The server whose connections are counted.
    func observe(_ server: RPCServer) { self.server.withLock { $0 = server } }

    func getServerInfo(_ request: GetServerInfoRequest, _ context: CallContext) async throws -> GetServerInfoResponse {
        if let named = request.program, named != program.rawValue {
            try await requireOperator(context)
            return try await peer(named).getServerInfo(
                GetServerInfoRequest(), options: CallOptions(inheriting: context))
        }
        let isOperator = await isOperator(context)
        return GetServerInfoResponse(
            program: program.rawValue, version: Version.current, protocolVersionMin: hello.versionMin,
            protocolVersionMax: hello.versionMax, startTimeMs: isOperator ? startTime : nil, timeMs: Self.now(),
            limits: AnnouncedLimits(
                frameBytesMax: hello.frameBytesMax, messageBytesMax: hello.messageBytesMax,
                callsMax: hello.callsMax, callCredit: hello.callCredit, connectionCredit: hello.connectionCredit),
            features: features)
    }

    func getStatistics(_ request: GetStatisticsRequest, _ context: CallContext) async throws -> GetStatisticsResponse {
        try await requireOperator(context)
        if let named = request.program, named != program.rawValue {
            return try await peer(named).getStatistics(
                GetStatisticsRequest(), options: CallOptions(inheriting: context))
        }
        return await statistics()
    }

    private func isOperator(_ context: CallContext) async -> Bool {
        do {
            try await requireOperator(context)
            return true
        } catch {
            // Not an error: the answer then says less.
            return false
        }
    }

    private func peer(_ name: String) throws -> ServerServiceClient {
        guard let peer = ServiceName(rawValue: name), let channel = channels[peer], program == .gateway else {
            let known = ([.gateway] + Topology.facingClients).map(\.rawValue).joined(separator: ", ")
            throw RPCError.invalidArgument(
                "PROGRAM_UNKNOWN",
                "\(program) cannot answer for \(name.prefix(64)); ask the gateway about one of: \(known)",
                field: "program")
        }
        return ServerServiceClient(channel: channel)
    }

    private func statistics() async -> GetStatisticsResponse {
        let own = await calls.tally()
        let passedOn = await forwarded?.tally()
        let counts = transport.counts
        let now = await server.withLock { $0 }?.statistics() ?? ServerStatistics()
        var methods = MethodFigures.make(own, calls.methods, areForwarded: false)
        if let forwarded, let passedOn {
            methods += MethodFigures.make(passedOn, forwarded.methods, areForwarded: true)
        }
        return GetStatisticsResponse(
            program: program.rawValue, version: Version.current, startTimeMs: startTime, timeMs: Self.now(),
            connections: ConnectionStatistics(
                open: UInt64(now.connectionsOpen), accepted: counts.accepted, resumed: counts.resumed,
                handshakesFailed: counts.handshakesFailed, refused: Self.list(counts.refused),
                protocolErrors: Self.list(counts.protocolErrors)),
            traffic: TrafficStatistics(now.traffic),
            callsOpen: UInt64(max(0, own.openCount + (passedOn?.openCount ?? 0))),
            methods: methods.sorted { ($0.method ?? "") < ($1.method ?? "") }, peers: await peerStatistics(),
            databasePool: DatabasePoolStatistics(metrics))
    }

    private func peerStatistics() async -> [PeerStatistics] {
        var peers: [PeerStatistics] = []
        for (name, channel) in channels.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let figures = await channel.statistics()
            peers.append(
                PeerStatistics(
                    program: name.rawValue, connections: UInt64(figures.connections),
                    callsOpen: UInt64(figures.callsOpen), callsWaiting: UInt64(figures.callsWaiting),
                    connects: figures.connects, reconnects: figures.reconnects,
                    connectFailures: figures.connectFailures, traffic: TrafficStatistics(figures.traffic),
                    retries: figures.attempts[.retry] ?? 0, hedges: figures.attempts[.hedge] ?? 0,
                    retriesRefused: figures.attempts[.refused] ?? 0))
        }
        return peers
    }

    private static func list(_ counts: [String: UInt64]) -> [ReasonCount] {
        counts.sorted { $0.key < $1.key }.map { ReasonCount(reason: $0.key, count: $0.value) }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}

extension DatabasePoolStatistics {
    /// As the metrics have it; nil in a program without databases.
    init?(_ metrics: PrometheusRegistry) {
        func total(_ name: String) -> UInt64 {
            UInt64(max(0, metrics.totals(of: name, by: MetricDimension.database).values.reduce(0, +)))
        }
        let states = metrics.totals(of: MetricName.poolConnections, by: MetricDimension.state)
        guard !states.isEmpty else { return nil }
        let refused = metrics.totals(of: MetricName.poolRefusals, by: MetricDimension.reason)
            .filter { $0.value > 0 }.sorted { $0.key < $1.key }
        self.init(
            connections: total(MetricName.poolConnections), inUse: UInt64(max(0, states["busy"] ?? 0)),
            waiting: total(MetricName.poolWaiters), connects: total(MetricName.poolConnects),
            refused: refused.map { ReasonCount(reason: $0.key.uppercased(), count: UInt64($0.value)) })
    }
}

extension TrafficStatistics {
    init(_ traffic: Traffic) {
        self.init(
            framesReceived: traffic.framesReceived, framesSent: traffic.framesSent,
            bytesReceived: traffic.bytesReceived, bytesSent: traffic.bytesSent)
    }
}
