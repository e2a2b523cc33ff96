import Glibc

/// Finds a route by the bytes of its path: no String, no allocation, one comparison in most cases. Open addressing over at least
/// twice as many slots as routes.
package final class RouteTable: Sendable {
    private struct Slot: Sendable {
        let hash: UInt64
        let path: [UInt8]
        let route: Router.Route
    }

    private let slots: [Slot?]
    private let mask: Int
    private let services: Set<String>

    package init(_ router: Router) {
        var size = 16
        while size < router.routes.count * 2 { size *= 2 }
        mask = size - 1
        var slots: [Slot?] = Array(repeating: nil, count: size)
        for route in router.routes {
            let path = Array(route.method.path.utf8)
            let hash = path.withUnsafeBytes { Self.hash($0) }
            var index = Int(truncatingIfNeeded: hash) & (size - 1)
            while slots[index] != nil { index = (index + 1) & (size - 1) }
            slots[index] = Slot(hash: hash, path: path, route: route)
        }
        self.slots = slots
        services = Set(router.routes.map(\.method.service))
    }

    /// The route whose path has these bytes.
    package func find(_ path: UnsafeRawBufferPointer) -> Router.Route? {
        let hash = Self.hash(path)
        var index = Int(truncatingIfNeeded: hash) & mask
        while let slot = slots[index] {
            if slot.hash == hash, slot.path.count == path.count,
                slot.path.withUnsafeBytes({ Self.equal($0, path) })
            {
                return slot.route
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Why `find` found nothing: UNIMPLEMENTED with SERVICE_UNKNOWN or METHOD_UNKNOWN.
    package func unknown(_ path: UnsafeRawBufferPointer) -> RPCError {
        let text = String(decoding: path.prefix(256), as: UTF8.self)
        let service = text.lastIndex(of: "/").map { String(text[..<$0]) } ?? text
        let isKnown = services.contains(service)
        return RPCError(
            .unimplemented, reason: isKnown ? "METHOD_UNKNOWN" : "SERVICE_UNKNOWN",
            isKnown
                ? "The service has no method \(text). ReflectionService/ListServices names those it has."
                : "This server has no service \(service). ReflectionService/ListServices names those it has.",
            details: [(key: "method", value: text)])
    }

    private static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard let left = a.baseAddress, let right = b.baseAddress else { return a.count == b.count }
        return memcmp(left, right, a.count) == 0
    }

    /// Eight bytes at a time, multiplied and folded. Paths come from the peer, but the table never grows by them, so a collision
    /// costs one comparison and nothing else.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = fold(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return fold(hash ^ rest)
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}
