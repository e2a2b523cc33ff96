import Glibc

/// Finds a value by the bytes of a path, package.Service/Method: no String, no allocation, one comparison in most cases. Open
/// addressing over at least twice as many slots as values.
package final class PathTable<Value: Sendable>: Sendable {
    /// By slot; 0 where there is none.
    private let hashes: [UInt64]
    private let paths: [[UInt8]]
    private let values: [Value?]
    private let mask: Int

    package init(_ values: [(path: String, value: Value)]) {
        var size = 16
        while size < values.count * 2 { size *= 2 }
        mask = size - 1
        var hashes = Array(repeating: UInt64(0), count: size)
        var paths = Array(repeating: [UInt8](), count: size)
        var slots: [Value?] = Array(repeating: nil, count: size)
        for (path, value) in values {
            let path = Array(path.utf8)
            let hash = path.withUnsafeBytes { Self.hash($0) }
            var index = Int(truncatingIfNeeded: hash) & (size - 1)
            while hashes[index] != 0 { index = (index + 1) & (size - 1) }
            hashes[index] = hash
            paths[index] = path
            slots[index] = value
        }
        self.hashes = hashes
        self.paths = paths
        self.values = slots
    }

    /// The value whose path has these bytes.
    package func find(_ path: UnsafeRawBufferPointer) -> Value? {
        let hash = Self.hash(path)
        var index = Int(truncatingIfNeeded: hash) & mask
        while hashes[index] != 0 {
            if hashes[index] == hash, paths[index].count == path.count,
                paths[index].withUnsafeBytes({ Self.equal($0, path) })
            {
                return values[index]
            }
            index = (index + 1) & mask
        }
        return nil
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
        return max(fold(hash ^ rest), 1)
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}
