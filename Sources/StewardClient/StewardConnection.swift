import Contracts
public import IdentityContracts
public import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport

/// The way to a Steward installation, for any number of calls at once. It keeps one connection to each gateway address, makes it
/// again when it is lost, and attaches the session to it before calls go there.
///
/// ```swift
/// let steward = try await StewardConnection.connect(to: "crm.example:7400")
/// try await steward.signIn(workspace: "demo", email: "rep@demo.example", password: password)
/// let page = try await steward.accounts.listAccounts(ListAccountsRequest(pageSize: 10))
/// await steward.close()
/// ```
///
/// Every call throws `RPCError` and nothing else; switch over its `code`, or over the error itself with `Reason`. Cancelling the task
/// that makes a call cancels the call, also at the server. A call that reads, or a write whose `CallOptions` carry a request id, is
/// sent again by itself when it fails for a passing reason; see `RetryPolicy`.
public final class StewardConnection: Sendable {
    /// Makes calls that the typed clients do not cover.
    package let channel: any RPCChannel
    /// The loop of the connection: a task that makes many calls runs best there. A task that closes the connection from there
    /// must hold it until its own end, which is the loop's end then.
    package var executor: any TaskExecutor { loops.loops[0] }
    private let client: RPCClient
    private let loops: EventLoopGroup
    private let resolver: WorkerPool
    private let session = SessionSlot()
    /// It was closed by a task on its own loop, which the task still needs.
    private let isLoopLeft = Atomic<Bool>(false)

    /// Connects to one gateway and checks its certificate. UNAVAILABLE when nothing answers within 10 seconds.
    /// - Parameters:
    ///   - address: host:port.
    ///   - trustRoots: PEM file with the installation's certificate authority, whose certificate must name `gateway.steward.internal`;
    ///     nil trusts those of the system, and the certificate must name the host.
    public static func connect(
        to address: String, trustRoots: String? = nil
    ) async throws(RPCError) -> StewardConnection {
        try await connect(StewardConfiguration(addresses: [address], trustRoots: trustRoots))
    }

    /// Connects to the gateways and checks their certificates. UNAVAILABLE when none answers within the timeout.
    public static func connect(_ configuration: StewardConfiguration) async throws(RPCError) -> StewardConnection {
        let connection: StewardConnection
        do {
            connection = try StewardConnection(configuration)
        } catch {
            throw cannotConnect(configuration, error)
        }
        do throws(RPCError) {
            // Finds out now, rather than on the first call, that nobody is there or that the certificate is not trusted.
            _ = try await connection.health.checkHealth(
                CheckHealthRequest(), options: CallOptions(timeout: configuration.connectTimeout))
        } catch {
            await connection.close()
            guard error.code == .unavailable, let cause = error.cause else { throw error }
            throw cannotConnect(configuration, cause)
        }
        return connection
    }

    /// What went wrong happened here, so that the caller may know it.
    private static func cannotConnect(_ configuration: StewardConfiguration, _ cause: any Error) -> RPCError {
        if let error = cause as? TLSError, error.kind == .peerNotTrusted {
            let authority = configuration.trustRoots.map { "The authority in \($0)" } ?? "No authority of this system"
            return .unavailable(
                Reason.serverNotTrusted.name,
                "\(authority) did not sign the gateway's certificate, or the certificate names another host: \(error)",
                cause: cause)
        }
        return .unavailable(
            Reason.connectFailed.name,
            "No connection to \(configuration.addresses.joined(separator: ", ")): \(cause)", cause: cause)
    }

    private init(_ configuration: StewardConfiguration) throws {
        let servers = try configuration.addresses.map {
            guard let host = Self.host(of: $0) else {
                throw RPCError.invalidArgument("INVALID_FORMAT", "\"\($0)\" is no address; write host:port.")
            }
            return ServerName($0, certificateName: configuration.certificateName(forHost: host))
        }
        guard !servers.isEmpty else {
            throw RPCError.invalidArgument("TOO_FEW", "There is no address; give the host:port of a gateway.")
        }
        let tls = try TLSContext.client(
            TLSSettings(trustRoots: configuration.trustRoots, verifyPeer: .required))
        let resolver = try WorkerPool(threadCount: 1, queueCountMax: servers.count, name: "steward-resolver")
        self.resolver = resolver
        loops = try EventLoopGroup(count: 1, name: "steward-client")
        var limits = ClientLimits()
        limits.retry = configuration.retry
        limits.unaryTimeoutDefault = configuration.callTimeout
        client = RPCClient(
            loops: loops, servers: servers, name: configuration.addresses.joined(separator: ", "),
            resolve: { try await SocketAddress.resolve($0, on: resolver) }, tls: tls, limits: limits,
            preparation: { [session] connection in try await session.prepare(connection) },
            agent: configuration.agent, logger: configuration.logger)
        channel = SessionChannel(base: client, session: session)
    }

    /// The host of host:port, without the brackets of an IPv6 address.
    private static func host(of address: String) -> String? {
        guard let colon = address.lastIndex(of: ":"), UInt16(address[address.index(after: colon)...]) != nil
        else { return nil }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        return host.isEmpty ? nil : String(host)
    }

    /// Opens a session of a user and makes all further calls in its name.
    @discardableResult
    public func signIn(workspace: String, email: String, password: String) async throws(RPCError) -> Session {
        try await adopt(
            try await authentication.signIn(
                SignInRequest(workspace: workspace, email: email, password: password)
            ).session)
    }

    /// Opens a session of an operator and makes all further calls in its name.
    @discardableResult
    public func signInOperator(email: String, password: String) async throws(RPCError) -> Session {
        try await adopt(
            try await authentication.signInOperator(SignInOperatorRequest(email: email, password: password)).session)
    }

    /// Renews a session and makes all further calls in its name. Store the new refresh token: the old one is spent.
    @discardableResult
    public func refresh(token: [UInt8]) async throws(RPCError) -> Session {
        try await adopt(
            try await authentication.refreshSession(RefreshSessionRequest(refreshToken: token)).session)
    }

    /// Makes all further calls in the name of a session opened before. UNAUTHENTICATED when it has ended; the session before stays
    /// then.
    public func attach(sessionHandle: [UInt8]) async throws(RPCError) {
        let before = session.replace(with: sessionHandle)
        do throws(RPCError) {
            let attached = await client.prepareConnections()
            if attached.prepared == 0 {
                if let failure = attached.failures.first { throw RPCError(masking: failure) }
                // There is no connection at the moment; the next one attaches the session before this call.
                _ = try await health.checkHealth(CheckHealthRequest())
            }
            if let refusal = session.refusal { throw refusal }
        } catch {
            session.restore(before)
            throw error
        }
    }

    /// Ends all connections; calls under way, and later ones, fail with UNAVAILABLE. Waits for a look-up of a host name that is under
    /// way. A second call does nothing.
    public func close() async {
        guard session.close() else { return }
        await client.close()
        let endsLoop = !loops.loops[0].isCurrent
        isLoopLeft.store(!endsLoop, ordering: .relaxed)
        // Waiting for threads blocks, which no loop may do: the caller's may be one of another connection.
        await Task(executorPreference: globalConcurrentExecutor) { [loops, resolver] in
            if endsLoop { loops.shutdown() }
            resolver.shutdown()
        }.value
    }

    deinit {
        guard isLoopLeft.load(ordering: .relaxed) else { return }
        Task(executorPreference: globalConcurrentExecutor) { [loops] in loops.shutdown() }
    }

    private func adopt(_ opened: Session?) async throws(RPCError) -> Session {
        guard let opened, let handle = opened.sessionHandle else {
            throw RPCError(.internal, reason: "EMPTY_ANSWER", "The server sent no session; update it.")
        }
        try await attach(sessionHandle: handle)
        return opened
    }
}
