package import Tenancy

/// The other end of a connection.
package enum Peer: Sendable, Hashable, CustomStringConvertible {
    /// A thin client, known by its address only.
    case client(address: String)
    /// A program of Steward that showed a certificate of its own.
    case program(ServiceName)

    package var description: String {
        switch self {
        case .client(let address): address
        case .program(let name): name.rawValue
        }
    }
}
