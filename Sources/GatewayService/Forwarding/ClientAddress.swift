import RPC

/// Tells services from where a client calls, without its port: identity counts failed sign-ins by it. Clients cannot send
/// this key themselves, since keys that begin with steward- are refused.
enum ClientAddress {
    static let key = "steward-client-address"

    /// The encoded metadata entry.
    static func entry(_ remoteAddress: String) -> [UInt8] {
        var metadata = Metadata()
        metadata.append(key, host(remoteAddress))
        return metadata.encoded(as: Metadata.startField)
    }

    /// Whose calls are counted together with those from here.
    static func network(_ remoteAddress: String) -> ClientNetwork {
        ClientNetwork(address: host(remoteAddress))
    }

    /// The address without port and brackets.
    static func host(_ remoteAddress: String) -> String {
        let host = remoteAddress.lastIndex(of: ":").map { remoteAddress[..<$0] } ?? remoteAddress[...]
        return String(host.filter { $0 != "[" && $0 != "]" })
    }
}
