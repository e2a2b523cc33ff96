public import Contracts
import Logging
public import RPC
import RPCTransport
import Reactor
import TLSTransport
import Wire

/// A connection to a Steward installation, for many calls at once. It reconnects by itself and attaches its session
/// again when it does.
///
/// ```swift
/// let steward = try await StewardConnection.connect(to: "crm.example:7400", trustRoots: "ca.crt")
/// try await steward.signIn(workspace: "demo", email: "rep@demo.example", password: password)
/// let page = try await steward.accounts.listAccounts(ListAccountsRequest(pageSize: 10))
/// await steward.close()
/// ```
///
/// Calls throw `RPCError`; switch over its `code` and `reason`.
public final class StewardConnection: Sendable {
    /// Makes calls that the typed clients below do not cover.
    package let channel: any RPCChannel
    /// The loop of the connection: a task that makes many calls runs best there.
    package var executor: any TaskExecutor { loops.loops[0] }
    private let client: RPCClient
    private let loops: EventLoopGroup
    private let session: SessionSlot

    /// Connects and checks the server's certificate. UNAVAILABLE when nothing answers within 10 seconds.
    /// - Parameters:
    ///   - address: host:port of a gateway; the host must be named in its certificate.
    ///   - trustRoots: PEM file with the certificate authorities to trust.
    public static func connect(to address: String, trustRoots: String) async throws(RPCError) -> StewardConnection {
        do {
            let connection = try await StewardConnection(address: address, trustRoots: trustRoots)
            do {
                // Finds out now, rather than on the first call, that nobody is there or that the certificate is not trusted.
                _ = try await connection.health.checkHealth(
                    CheckHealthRequest(), options: CallOptions(timeout: .seconds(10)))
            } catch {
                await connection.close()
                throw error
            }
            return connection
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError.unavailable("CONNECT_FAILED", "No connection to \(address): \(error)", cause: error)
        }
    }

    private init(address: String, trustRoots: String) async throws {
        let tls = try TLSContext.client(TLSSettings(trustRoots: trustRoots, verifyPeer: .required))
        let addresses = try await Self.resolve(address)
        loops = try EventLoopGroup(count: 1, name: "steward-client")
        session = SessionSlot()
        client = RPCClient(
            loops: loops, addresses: addresses, serverName: Self.host(of: address), tls: tls,
            agent: "steward-client/0.1.0",
            logger: Logger(label: "steward-client"))
        channel = SessionChannel(base: client, session: session)
    }

    private static func resolve(_ address: String) async throws -> [SocketAddress] {
        let resolver = try WorkerPool(threadCount: 1, queueCountMax: 1, name: "steward-resolver")
        defer { resolver.shutdown() }
        // One address: a session is attached to one connection.
        return Array(try await SocketAddress.resolve(address, on: resolver).prefix(1))
    }

    private static func host(of address: String) -> String {
        let host = address.lastIndex(of: ":").map { address[..<$0] } ?? address[...]
        return String(host.filter { $0 != "[" && $0 != "]" })
    }

    /// Opens a session of a user and makes all further calls in its name.
    @discardableResult
    public func signIn(workspace: String, email: String, password: String) async throws(RPCError) -> Session {
        try await adopt {
            try await authentication.signIn(
                SignInRequest(workspace: workspace, email: email, password: password)
            ).session
        }
    }

    /// Opens a session of an operator and makes all further calls in its name.
    @discardableResult
    public func signInOperator(email: String, password: String) async throws(RPCError) -> Session {
        try await adopt {
            try await authentication.signInOperator(SignInOperatorRequest(email: email, password: password)).session
        }
    }

    /// Renews a session and makes all further calls in its name. Store the new refresh token: the old one is spent.
    @discardableResult
    public func refresh(token: [UInt8]) async throws(RPCError) -> Session {
        try await adopt {
            try await authentication.refreshSession(RefreshSessionRequest(refreshToken: token)).session
        }
    }

    /// Makes all further calls in the name of a session opened before. UNAUTHENTICATED when it has ended.
    public func attach(sessionHandle: [UInt8]) async throws(RPCError) {
        do {
            try await session.attach(sessionHandle, on: client)
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(masking: error)
        }
    }

    /// Ends the connection; calls under way fail with UNAVAILABLE.
    public func close() async {
        await client.close()
        loops.shutdown()
    }

    private func adopt(_ open: () async throws -> Session?) async throws(RPCError) -> Session {
        do {
            guard let opened = try await open(), let handle = opened.sessionHandle else {
                throw RPCError(.internal, reason: "EMPTY_ANSWER", "The server sent no session; update it.")
            }
            try await attach(sessionHandle: handle)
            return opened
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(masking: error)
        }
    }
}
