package import Logging
import Observability
package import RPC
package import Reactor
package import TLSTransport

/// Calls a service, which may have several instances: one connection per loop and instance, the least busy one is used. Connections
/// are made when first needed and made again when lost.
package final class RPCClient: RPCChannel {
    private let group: EventLoopGroup
    private let pools: [ClientPool]
    private let limits: ClientLimits
    private let readyCount: SharedCount
    private let serverName: String
    private let tracing: Tracing

    /// - Parameters:
    ///   - addresses: the instances, at least one.
    ///   - serverName: what the certificate of each instance must name, as in identity.steward.internal.
    ///   - agent: program and version, for the logs of the other side.
    ///   - tracing: where spans of unary calls made within a recorded trace go.
    package init(
        loops: EventLoopGroup, addresses: [SocketAddress], serverName: String, tls: TLSContext,
        limits: ClientLimits = ClientLimits(), agent: String, logger: Logger, tracing: Tracing = .off
    ) {
        precondition(!addresses.isEmpty, "a client needs an address")
        group = loops
        self.limits = limits
        self.serverName = serverName
        self.tracing = tracing
        let readyCount = SharedCount()
        self.readyCount = readyCount
        let config = ClientConfiguration(
            addresses: addresses, serverName: serverName, tls: tls, limits: limits, agent: agent,
            logger: logger)
        pools = loops.loops.map { ClientPool(loop: $0, config: config, readyCount: readyCount) }
    }

    /// A connection is up on some loop.
    package var isReady: Bool { readyCount.value > 0 }

    /// Begins to connect on all loops, so that the first call does not have to wait for it.
    package func connect() {
        for pool in pools { pool.loop.execute { pool.connectIdle() } }
    }

    package func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws -> [UInt8] {
        guard let trace = options.trace, let exporter = tracing.exporter(for: trace) else {
            return try await send(method, request, options)
        }
        let begin = MonotonicTime.now()
        let record = { [serverName] (error: RPCError?) in
            exporter.record(
                Span(
                    trace, kind: .client, service: method.service, method: method.name, begin: begin,
                    end: MonotonicTime.now(), code: error?.code ?? .ok, reason: error?.reason, peer: serverName))
        }
        do {
            let answer = try await send(method, request, options)
            record(nil)
            return answer
        } catch {
            record(RPCError(masking: error))
            throw error
        }
    }

    private func send(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws -> [UInt8] {
        let pool = pool()
        let call = UnaryClientCall(
            pool: pool, startBytes: StartBytes.make(method, options), request: request,
            deadline: options.effectiveDeadline(default: limits.unaryTimeoutDefault),
            waitsForReady: options.waitForReady)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if pool.loop.isCurrent {
                    call.start(continuation)
                } else {
                    pool.loop.execute { call.start(continuation) }
                }
            }
        } onCancel: {
            pool.loop.execute { call.cancel() }
        }
    }

    package func open(_ method: MethodDefinition, _ options: CallOptions) async throws -> any ClientCall {
        let pool = pool()
        let call = StreamClientCall(pool: pool)
        let start = StartBytes.make(method, options)
        let deadline = options.effectiveDeadline(default: nil)
        let waits = options.waitForReady
        if pool.loop.isCurrent {
            call.start(start, deadline: deadline, waitsForReady: waits)
        } else {
            pool.loop.execute { call.start(start, deadline: deadline, waitsForReady: waits) }
        }
        return call
    }

    /// Makes a call frame by frame, on the current loop, which must be one of the client's group. The start's timeout is set from the
    /// deadline. The receiver gets what comes; it is called after this returns.
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
        for pool in pools {
            await withCheckedContinuation { continuation in
                pool.loop.execute { pool.close(continuation) }
            }
        }
    }

    /// The parts of the client, one for each loop.
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
