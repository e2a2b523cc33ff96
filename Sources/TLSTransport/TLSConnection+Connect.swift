package import Reactor

extension TLSConnection {
    /// Connects to `address` and shakes hands, on `loop`. The caller then sets the delegate, on the loop.
    /// - Parameters:
    ///   - serverName: the name that the server's certificate must carry (a DNS name, or an address in
    ///     digits), also sent as SNI.
    ///   - timeout: for connecting and shaking hands together; nil takes `limits.handshakeTimeout`.
    /// - Throws: `TLSError`; `CancellationError` when the task is cancelled.
    package static func connect(
        loop: EventLoop, address: SocketAddress, context: TLSContext, serverName: String,
        timeout: Duration? = nil, limits: TLSLimits = TLSLimits()
    ) async throws -> TLSConnection {
        precondition(context.role == .client, "connecting needs a context for clients")
        limits.check()
        let attempt = ConnectAttempt(
            loop: loop, address: address, context: context, serverName: serverName,
            timeout: timeout ?? limits.handshakeTimeout, limits: limits)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { attempt.start(continuation) }
            }
        } onCancel: {
            loop.execute { attempt.cancel() }
        }
    }
}

/// An attempt to connect, which may be cancelled before it starts or while it goes on.
private final class ConnectAttempt: @unchecked Sendable {  // SAFETY: the state is touched on the loop only
    private let loop: EventLoop
    private let address: SocketAddress
    private let context: TLSContext
    private let serverName: String
    private let timeout: Duration
    private let limits: TLSLimits
    private var isCancelled = false
    private var connection: TLSConnection?

    init(
        loop: EventLoop, address: SocketAddress, context: TLSContext, serverName: String, timeout: Duration,
        limits: TLSLimits
    ) {
        self.loop = loop
        self.address = address
        self.context = context
        self.serverName = serverName
        self.timeout = timeout
        self.limits = limits
    }

    func start(_ continuation: CheckedContinuation<TLSConnection, any Error>) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        do {
            let connection = try TLSConnection(
                loop: loop, descriptor: try Sockets.connect(address), remoteAddress: address,
                generation: context.current, group: ConnectionGroup(loop, limits), role: .client, serverName: serverName
            )
            self.connection = connection
            connection.start(timeout: timeout) { [self] error in
                self.connection = nil
                if let error {
                    continuation.resume(throwing: isCancelled ? CancellationError() : error)
                } else {
                    continuation.resume(returning: connection)
                }
            }
        } catch {
            continuation.resume(throwing: error)
        }
    }

    func cancel() {
        isCancelled = true
        connection?.abort()
    }
}
