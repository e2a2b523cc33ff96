package import TLSTransport

/// An instance of a server as a client finds it: where it listens, and the name that its certificate must carry.
package struct Endpoint: Sendable, Hashable {
    package let address: SocketAddress
    package let serverName: String

    package init(address: SocketAddress, serverName: String) {
        self.address = address
        self.serverName = serverName
    }
}

/// What a client was told about where its server is.
package struct ServerName: Sendable, Hashable {
    /// host:port, the host in digits or a name that is looked up.
    package let text: String
    /// The name that the certificates of the instances must carry.
    package let certificateName: String

    package init(_ text: String, certificateName: String) {
        self.text = text
        self.certificateName = certificateName
    }

    /// The endpoint, when the host is written in digits and need not be looked up.
    var endpoint: Endpoint? {
        (try? SocketAddress(text)).map { Endpoint(address: $0, serverName: certificateName) }
    }
}

/// Finds the addresses that `host:port` stands for. May take its time, but must not block the loop that asks. Throws, or finds
/// nothing, when the name is not known.
package typealias NameResolver = @Sendable (_ text: String) async throws -> [SocketAddress]
