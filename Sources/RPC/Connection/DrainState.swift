/// How a server takes leave of a connection without losing a call: announce, wait for the answer to a ping (the client has then
/// seen the announcement, and everything it sent before has arrived), name the last call, finish, close.
package struct DrainState: Sendable, Hashable {
    private enum Phase: Sendable, Hashable {
        /// Takes calls. → announced
        case open
        /// Has said that it is going; still takes the calls that are under way. → final
        case announced
        /// Has named its last call; later ones are not begun. End.
        case final(lastCallID: UInt64)
    }

    private var phase = Phase.open

    /// Marks the ping of the announcement; far from the tokens that keepalive uses.
    package static let pingToken: UInt64 = 0x6472_6169_6e00_0001

    package init() {}

    /// The connection takes leave.
    package var isDraining: Bool { phase != .open }

    /// Begins. True the first time: send the announcement and the ping.
    package mutating func begin() -> Bool {
        guard phase == .open else { return false }
        phase = .announced
        return true
    }

    /// The ping was answered, or its time is over. True the first time: send the final go-away.
    package mutating func confirm(lastCallID: UInt64) -> Bool {
        guard phase == .announced else { return false }
        phase = .final(lastCallID: lastCallID)
        return true
    }

    /// A call with this id is to be begun.
    package func admits(_ callID: UInt64) -> Bool {
        if case .final(let last) = phase { return callID <= last }
        return true
    }

    /// Nothing more can come: the connection may close once its calls are done.
    package var isFinal: Bool {
        if case .final = phase { return true }
        return false
    }
}
