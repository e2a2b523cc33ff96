import Contracts
import RPC
import Tenancy

/// Ties sessions to connections. The gateway serves it itself.
struct SessionService: SessionServiceCustomMethods {
    let callers: CallerServiceClient
    let registry: SessionRegistry
    let openCalls: OpenCalls
    let accounts: TenantAccounts

    private static let handleBytes = 32

    func attachSession(_ request: AttachSessionRequest, _ context: CallContext) async throws -> AttachSessionResponse {
        guard let handle = request.sessionHandle, handle.count == Self.handleBytes else {
            throw RPCError.invalidArgument(
                "INVALID_LENGTH", "A session handle has \(Self.handleBytes) bytes; send the one that SignIn gave.",
                field: "session_handle", domain: "gateway")
        }
        let (binding, answer) = try await open(handle, context.connection)
        attach(binding, to: context.connection)
        return AttachSessionResponse(
            userID: answer.userID.flatMap { RecordID(bytes: $0) }?.text, workspace: answer.workspace,
            expireSeconds: Self.secondsLeft(until: binding.sessionExpireTime))
    }

    /// Asks identity. Anybody may try handles, so it counts as a call without a session.
    private func open(
        _ handle: [UInt8], _ connection: ConnectionContext
    ) async throws -> (SessionBinding, ResolveSessionResponse) {
        guard openCalls.enter(connection.id) else { throw OpenCalls.refusal }
        defer { openCalls.leave(connection.id) }
        let network = ClientAddress.network(connection.remoteAddress)
        guard openCalls.beginPassing(from: network) else { throw OpenCalls.refusal }
        defer { openCalls.endPassing(from: network) }
        return try await SessionBinding.open(handle: handle, callers: callers, accounts: accounts)
    }

    func detachSession(_ request: DetachSessionRequest, _ context: CallContext) async throws -> DetachSessionResponse {
        attach(nil, to: context.connection)
        return DetachSessionResponse()
    }

    private func attach(_ binding: SessionBinding?, to connection: ConnectionContext) {
        let attached = AttachedSession.of(connection, registry)
        if let old = attached.binding {
            registry.remove(old)
            old.yield(to: binding)
        }
        attached.binding = binding
        if let binding { registry.add(binding) }
    }

    private static func secondsLeft(until time: Timestamp) -> UInt64 {
        UInt64(max(0, (time.microseconds - Timestamp.now().microseconds) / 1_000_000))
    }
}

/// What the gateway keeps for a connection. Confined to its loop.
final class AttachedSession {
    var binding: SessionBinding?

    /// The one of the connection, made on first use; it leaves the registry when the connection ends.
    static func of(_ connection: ConnectionContext, _ registry: SessionRegistry) -> AttachedSession {
        if let attached = connection.attachment as? AttachedSession { return attached }
        let attached = AttachedSession()
        connection.attachment = attached
        connection.onClose { if let binding = attached.binding { registry.remove(binding) } }
        return attached
    }
}
