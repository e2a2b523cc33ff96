import Contracts
import RPC
import Synchronization

/// The session that all connections of a client work in.
final class SessionSlot: Sendable {
    struct State: Sendable {
        var handle: [UInt8]?
        /// Why the gateway does not take the handle.
        var refusal: RPCError?
        /// The version of the workspace's rights after this client's last change of them.
        var policyEpoch: UInt64 = 0
    }

    private let state = Mutex(State())
    private let closed = Atomic<Bool>(false)

    /// No call begins any more. False when that was so before.
    func close() -> Bool { !closed.exchange(true, ordering: .relaxed) }

    /// Throws UNAVAILABLE with CLIENT_CLOSED once `close` was called.
    func requireOpen() throws(RPCError) {
        guard closed.load(ordering: .relaxed) else { return }
        throw .unavailable("CLIENT_CLOSED", "The connection has been closed; make a new one.")
    }

    /// How long attaching may take: a look-up at the gateway's side.
    private static let attachTimeout: Duration = .seconds(10)

    /// Attaches the session to a new connection. A handle that is refused leaves the connection without a session: signing in works
    /// there. Throws when the gateway could not say.
    func prepare(_ connection: any RPCChannel) async throws(RPCError) {
        guard let handle = state.withLock({ $0.handle }) else { return }
        do {
            _ = try await SessionServiceClient(channel: connection).attachSession(
                AttachSessionRequest(sessionHandle: handle), options: CallOptions(timeout: Self.attachTimeout))
            note(nil, of: handle)
        } catch {
            guard error.code == .unauthenticated || error.code == .invalidArgument else { throw error }
            note(error, of: handle)
        }
    }

    private func note(_ refusal: RPCError?, of handle: [UInt8]) {
        state.withLock { if $0.handle == handle { $0.refusal = refusal } }
    }

    /// 0: this client has changed no rights in this session.
    var policyEpoch: UInt64 { state.withLock { $0.policyEpoch } }

    /// A call of this client has changed the workspace's rights, which have this version now.
    /// - Parameter handle: the session that the call was made in; another one may belong to another workspace.
    func noteChange(_ epoch: UInt64, in handle: [UInt8]?) {
        state.withLock { if $0.handle == handle { $0.policyEpoch = max($0.policyEpoch, epoch) } }
    }

    var handle: [UInt8]? { state.withLock { $0.handle } }

    var refusal: RPCError? { state.withLock { $0.refusal } }

    /// Takes another session. Gives the one before, to be put back if the gateway refuses it.
    func replace(with handle: [UInt8]) -> State {
        state.withLock { state in
            defer { state = State(handle: handle) }
            return state
        }
    }

    func restore(_ before: State) { state.withLock { $0 = before } }

    /// The gateway refuses a call since the connection has no session: says why it has none.
    func explained(_ error: RPCError) -> RPCError {
        guard error.reason == Reason.sessionRequired.name else { return error }
        return refusal ?? error
    }
}
