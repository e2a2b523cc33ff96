import Contracts
import RPC
import Synchronization

/// Makes calls in the name of a session. A connection that was lost takes its session with it: the gateway then refuses
/// the next call before it begins, and the channel attaches the session again and repeats that call.
struct SessionChannel: RPCChannel {
    let base: any RPCChannel
    let session: SessionSlot

    func unary(_ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions) async throws -> [UInt8] {
        do {
            return try await base.unary(method, request, options)
        } catch let error as RPCError where error.reason == "SESSION_REQUIRED" {
            guard try await session.reattach(on: base) else { throw error }
            return try await base.unary(method, request, options)
        }
    }

    /// A stream is not repeated, since its requests are gone; so the session is attached before it opens.
    func open(_ method: MethodDefinition, _ options: CallOptions) async throws -> any ClientCall {
        _ = try await session.reattach(on: base)
        return try await base.open(method, options)
    }
}

/// The session that a connection works in.
final class SessionSlot: Sendable {
    private let handle = Mutex<[UInt8]?>(nil)

    func attach(_ handle: [UInt8], on channel: any RPCChannel) async throws {
        _ = try await SessionServiceClient(channel: channel).attachSession(
            AttachSessionRequest(sessionHandle: handle))
        self.handle.withLock { $0 = handle }
    }

    /// False when there is no session to attach.
    func reattach(on channel: any RPCChannel) async throws -> Bool {
        guard let handle = handle.withLock({ $0 }) else { return false }
        try await attach(handle, on: channel)
        return true
    }
}
