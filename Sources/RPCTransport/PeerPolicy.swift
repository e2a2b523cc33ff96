import RPC
import TLSTransport
package import Tenancy

/// Who may connect to a server.
package enum PeerPolicy: Sendable, Hashable {
    /// Everyone: thin clients. They may not send a caller token.
    case anyone
    /// Programs whose certificate names one of these, as in gateway.steward.internal.
    case programs(Set<ServiceName>)

    /// Who the other end is; nil when it may not connect.
    func peer(of connection: TLSConnection) -> Peer? {
        switch self {
        case .anyone: return .client(address: connection.remoteAddress.description)
        case .programs(let allowed):
            let names = connection.peer?.dnsNames ?? []
            return names.lazy.compactMap { ServiceName(peerName: $0) }.first { allowed.contains($0) }
                .map { .program($0) }
        }
    }

    /// A Start may carry proof of who calls, and reserved metadata.
    var trustsCallers: Bool { self != .anyone }
}
