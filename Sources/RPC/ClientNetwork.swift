import Glibc
import Wire

/// Whose calls without a session are counted together: an IPv4 address, also one inside an IPv6 address, or the 64 bits that an IPv6
/// address begins with. A single client commonly has all addresses of such a network, and would else never meet a limit.
package struct ClientNetwork: Hashable, Sendable {
    package let text: String

    /// A text that is no address stands for itself.
    package init(address: String) {
        guard let bytes = ClientNetwork.ipv6(address) else {
            text = address
            return
        }
        if let embedded = EmbeddedIPv4.bytes(of: bytes) {
            text = embedded.map(String.init).joined(separator: ".")
        } else {
            text = bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "/64"
        }
    }

    /// The ranges of addresses that it lies in, from wide to narrow, the last one itself: /16, /24 and /32 of IPv4, /32, /48 and /64 of
    /// IPv6. Who has many addresses commonly has them in few ranges. What is no address is all of its ranges.
    package var ranges: [String] {
        let separator: Character = text.hasSuffix("/64") ? ":" : "."
        let bytes = text.split(separator: separator, omittingEmptySubsequences: false)
        let widths: [Int]
        switch (separator, bytes.count) {
        case (":", 8): widths = [4, 6]
        case (".", 4): widths = [2, 3]
        default: return Array(repeating: text, count: ClientNetwork.rangeCount)
        }
        return widths.map { bytes.prefix($0).joined(separator: String(separator)) } + [text]
    }

    /// How many ranges each network lies in.
    package static let rangeCount = 3

    private static func ipv6(_ text: String) -> [UInt8]? {
        // A zone, as in fe80::1%eth0, is not part of the address.
        let address = String(text.prefix { $0 != "%" })
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, address, &bytes) == 1 ? bytes : nil
    }
}
