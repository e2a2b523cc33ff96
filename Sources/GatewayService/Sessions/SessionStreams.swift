import RPC
import RPCTransport

/// The streams that are open in a session's name on one connection. Confined to its loop.
final class SessionStreams {
    private var calls: [ObjectIdentifier: InboundCall] = [:]
    /// Where they have gone.
    private var successor: SessionStreams?

    var isEmpty: Bool { calls.isEmpty }

    func add(_ call: InboundCall) { calls[ObjectIdentifier(call)] = call }

    func remove(_ call: InboundCall) {
        if calls.removeValue(forKey: ObjectIdentifier(call)) == nil { successor?.remove(call) }
    }

    /// Ends them all.
    func end(_ error: RPCError) {
        let ended = calls.values
        calls = [:]
        for call in ended { call.abandon(error, tellCaller: true) }
    }

    func move(to other: SessionStreams) {
        other.calls.merge(calls) { _, call in call }
        calls = [:]
        successor = other
    }
}
