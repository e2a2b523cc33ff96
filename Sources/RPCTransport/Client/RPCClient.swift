package import Logging
import Observability
package import RPC
package import Reactor
package import TLSTransport

/// Calls a server, which may have several instances: one connection per loop and instance, the least busy one is used. Connections
/// are made when first needed and made again when lost. Instances whose calls fail while others' do not get none for a while. Calls
/// that may be done twice are sent again when they fail for a passing reason; see `RetryPolicy`.
package final class RPCClient: RPCChannel {
    private let group: EventLoopGroup
    private let pools: [ClientPool]
    private let limits: ClientLimits
    private let readyCount: SharedCount
    private let addressWatch: AddressWatch?
    private let name: String
    private let tracing: Tracing
    /// Whom errors of the way to the server are for.
    let audience: ErrorAudience

    /// A client of a server whose addresses are known.
    /// - Parameters:
    ///   - addresses: the instances, at least one.
    ///   - serverName: what the certificate of each instance must name, as in identity.steward.internal.
    ///   - agent: program and version, for the logs of the other side.
    ///   - tracing: where spans of unary calls made within a recorded trace go.
    ///   - audience: whom errors of the way to the server are for.
    ///   - onAttempt: hears of attempts beyond the first.
    package convenience init(
        loops: EventLoopGroup, addresses: [SocketAddress], serverName: String, tls: TLSContext,
        limits: ClientLimits = ClientLimits(), agent: String, logger: Logger, tracing: Tracing = .off,
        audience: ErrorAudience = .operators, onAttempt: @escaping AttemptObserver = { _ in }
    ) {
        precondition(!addresses.isEmpty, "a client needs an address")
        let config = ClientConfiguration(
            name: serverName, tls: tls, limits: limits, preparation: nil, onAttempt: onAttempt, agent: agent,
            logger: logger, audience: audience)
        self.init(
            loops: loops, config: config,
            known: addresses.map { Endpoint(address: $0, serverName: serverName) }, names: [], resolve: { _ in [] },
            tracing: tracing)
    }

    /// A client of a server that is found by name: looked up now, every so often, and when a connection fails.
    /// - Parameters:
    ///   - servers: at least one; those in digits are not looked up.
    ///   - name: what the server is called in errors and logs.
    ///   - preparation: done on each connection before calls go there.
    ///   - audience: whom errors of the way to the server are for.
    package convenience init(
        loops: EventLoopGroup, servers: [ServerName], name: String, resolve: @escaping NameResolver,
        tls: TLSContext, limits: ClientLimits = ClientLimits(), preparation: ConnectionPreparation? = nil,
        agent: String, logger: Logger, tracing: Tracing = .off, audience: ErrorAudience = .operators,
        onAttempt: @escaping AttemptObserver = { _ in }
    ) {
        precondition(!servers.isEmpty, "a client needs an address")
        let config = ClientConfiguration(
            name: name, tls: tls, limits: limits, preparation: preparation, onAttempt: onAttempt, agent: agent,
            logger: logger, audience: audience)
        let known = servers.compactMap(\.endpoint)
        self.init(
            loops: loops, config: config, known: known, names: known.count < servers.count ? servers : [],
            resolve: resolve, tracing: tracing)
    }

    private init(
        loops: EventLoopGroup, config: ClientConfiguration, known: [Endpoint], names: [ServerName],
        resolve: @escaping NameResolver, tracing: Tracing
    ) {
        group = loops
        limits = config.limits
        name = config.name
        audience = config.audience
        self.tracing = tracing
        let readyCount = SharedCount()
        self.readyCount = readyCount
        let pools = loops.loops.map {
            ClientPool(loop: $0, config: config, endpoints: known, readyCount: readyCount)
        }
        self.pools = pools
        guard !names.isEmpty, let first = loops.loops.first else {
            addressWatch = nil
            return
        }
        let watch = AddressWatch(
            loop: first, names: names, resolve: resolve, limits: limits, logger: config.logger)
        addressWatch = watch
        for pool in pools { pool.lookAgain = { [weak watch] in watch?.lookAgain() } }
        first.execute {
            watch.start(
                publish: { endpoints in
                    for pool in pools { pool.loop.execute { pool.setEndpoints(endpoints) } }
                },
                reportFailure: { error in
                    for pool in pools { pool.loop.execute { pool.resolutionFailed(error) } }
                })
        }
    }

    /// A connection is up and prepared on some loop.
    package var isReady: Bool { readyCount.value > 0 }

    /// Why calls may fail now; nil when all is well.
    package var problem: String? { isReady ? nil : addressWatch?.problem ?? "not connected" }

    /// Begins to connect on all loops, so that the first call does not have to wait for it.
    package func connect() {
        for pool in pools { pool.loop.execute { pool.connectIdle() } }
    }

    /// Does what prepares connections again on all that take calls. Those that are being made are prepared anew before they do.
    /// - Returns: how many are prepared, and what went wrong with the others, which are replaced.
    package func prepareConnections() async -> (prepared: Int, failures: [any Error]) {
        var all: (prepared: Int, failures: [any Error]) = (0, [])
        for pool in pools {
            let task = Task(executorPreference: pool.loop) { await pool.prepareAgain() }
            let part = await task.value
            all.prepared += part.prepared
            all.failures += part.failures
        }
        return all
    }

    package func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        guard let trace = options.trace, let exporter = tracing.exporter(for: trace) else {
            return try await send(method, request, options)
        }
        let begin = MonotonicTime.now()
        let record = { [name] (error: RPCError?) in
            exporter.record(
                Span(
                    trace, kind: .client, service: method.service, method: method.name, begin: begin,
                    end: MonotonicTime.now(), code: error?.code ?? .ok, reason: error?.reason, peer: name))
        }
        do {
            let answer = try await send(method, request, options)
            record(nil)
            return answer
        } catch {
            record(error)
            throw error
        }
    }

    private func send(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        if let delay = options.hedgeAfter, method.isIdempotent {
            return try await HedgedCall(pool: pool(), method, request, options, after: delay).run()
        }
        return try await UnaryClientCall(pool: pool(), method, request, options).run()
    }

    package func open(
        _ method: MethodDefinition, _ options: CallOptions
    ) async throws(RPCError) -> any ClientCall {
        let call = StreamClientCall(pool: pool(), method, options)
        call.start()
        return call
    }

    /// Makes a call frame by frame, on the current loop, which must be one of the client's group. The start's timeout is set from the
    /// deadline. The receiver gets what comes; it is called after this returns. The call is made once: whoever relays it for another
    /// client leaves it to that client to make it again.
    package func startRaw(
        start: StartView, first: FrameView, deadline: Deadline, waitForReady: Bool = false,
        receiver: any CallReceiver
    ) -> OutboundCall {
        let pool = pool()
        pool.loop.assertCurrent()
        let call = OutboundCall(
            deadline: deadline, waitsForReady: waitForReady, callCredit: limits.link.callCredit,
            receiver: receiver)
        pool.place(call, start, first)
        return call
    }

    /// Closes all connections; calls under way fail with UNAVAILABLE. Returns when the sockets are closed.
    package func close() async {
        addressWatch?.stop()
        for pool in pools {
            await withCheckedContinuation { continuation in
                pool.loop.execute { pool.close(continuation) }
            }
        }
    }

    /// One for each loop; for statistics.
    var loopPools: [ClientPool] { pools }

    /// The pool of the loop we run on, or of any loop.
    private func pool() -> ClientPool {
        if let current = EventLoop.current, pools.indices.contains(current.index),
            pools[current.index].loop === current
        {
            return pools[current.index]
        }
        return pools[group.next().index]
    }
}
