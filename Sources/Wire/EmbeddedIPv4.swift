/// The IPv4 address that the sixteen bytes of an IPv6 address carry, when a translator or a tunnel made it of one. Whoever counts by
/// network must count such an address as the one inside: the first 64 bits are the same for everybody behind the translator.
package enum EmbeddedIPv4 {
    /// What such addresses begin with; the four bytes follow.
    private static let prefixes: [[UInt8]] = [
        // ::ffff:0:0/96, an IPv4 address as dual-stack sockets write it: RFC 4291, section 2.5.5.2.
        Array(repeating: 0, count: 10) + [0xff, 0xff],
        // 64:ff9b::/96, translated by NAT64: RFC 6052, section 2.1.
        [0x00, 0x64, 0xff, 0x9b] + Array(repeating: 0, count: 8),
        // 2002::/16, tunnelled by 6to4: RFC 3056, section 2.
        [0x20, 0x02],
    ]

    /// The four bytes in network order; nil when none is inside.
    package static func bytes(of address: [UInt8]) -> [UInt8]? {
        guard address.count == 16, let prefix = prefixes.first(where: { address.starts(with: $0) }) else { return nil }
        return Array(address.dropFirst(prefix.count).prefix(4))
    }
}
