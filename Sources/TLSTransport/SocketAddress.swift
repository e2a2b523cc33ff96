import CLinux
import Glibc
import Wire

/// The address of one end of a TCP connection: IPv4 or IPv6, with port.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Host: Sendable, Hashable {
        /// Four bytes in network order.
        case ipv4([UInt8])
        /// Sixteen bytes in network order; the scope names the interface of a link-local address.
        case ipv6([UInt8], scope: UInt32)

        /// Whose it is: an IPv4 address, also one inside an IPv6 address, or the first 64 bits of an IPv6 address.
        var network: Host {
            guard case .ipv6(let bytes, let scope) = self else { return self }
            if let embedded = EmbeddedIPv4.bytes(of: bytes) { return .ipv4(embedded) }
            return .ipv6(bytes.prefix(8) + [UInt8](repeating: 0, count: 8), scope: scope)
        }
    }

    package let host: Host
    package let port: UInt16

    package init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:7400`, `[::1]:7400`, `*:7400` (all IPv4 addresses) or `[*]:7400` (all addresses).
    /// - Throws: `TLSError` of kind `.address` for anything else, host names included: those need `resolve`.
    package init(_ text: String) throws(TLSError) {
        let (hostText, port) = try Self.split(text)
        switch hostText {
        case "*": self.init(host: .ipv4([0, 0, 0, 0]), port: port)
        case "[*]": self.init(host: .ipv6([UInt8](repeating: 0, count: 16), scope: 0), port: port)
        default:
            guard let host = Self.numericHost(hostText) else {
                throw TLSError(
                    .address, "\"\(hostText)\" is not a numeric address; write 127.0.0.1:7400 or [::1]:7400")
            }
            self.init(host: host, port: port)
        }
    }

    package var description: String {
        switch host {
        case .ipv4: "\(hostText):\(port)"
        case .ipv6: "[\(hostText)]:\(port)"
        }
    }

    /// The host without port and brackets.
    package var hostText: String {
        var text = [CChar](repeating: 0, count: 64)
        let (family, bytes) =
            switch host {
            case .ipv4(let bytes): (AF_INET, bytes)
            case .ipv6(let bytes, _): (AF_INET6, bytes)
            }
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// Splits `host:port`; brackets stay with the host.
    static func split(_ text: String) throws(TLSError) -> (host: String, port: UInt16) {
        let malformed = TLSError(.address, "\"\(text)\" is not host:port; write 127.0.0.1:7400 or [::1]:7400")
        guard let colon = text.lastIndex(of: ":") else { throw malformed }
        let host = String(text[..<colon])
        guard let port = UInt16(text[text.index(after: colon)...]), !host.isEmpty,
            host.hasPrefix("[") == host.hasSuffix("]"), host.hasPrefix("[") || !host.contains(":")
        else { throw malformed }
        return (host, port)
    }

    /// The address that `text` writes in digits, in brackets when IPv6; nil for a name.
    static func numericHost(_ text: String) -> Host? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if text.hasPrefix("[") {
            guard inet_pton(AF_INET6, String(text.dropFirst().dropLast()), &bytes) == 1 else { return nil }
            return .ipv6(bytes, scope: 0)
        }
        guard inet_pton(AF_INET, text, &bytes) == 1 else { return nil }
        return .ipv4(Array(bytes[..<4]))
    }
}
