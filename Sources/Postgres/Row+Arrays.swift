package import Tenancy

// One-dimensional arrays without NULLs, in the form that `Parameters` writes.
extension Row {
    package func ids(_ column: Int) throws(PostgresError) -> [RecordID] {
        try array(column, of: .uuid) { RecordID(bytes: $0) }
    }

    package func strings(_ column: Int) throws(PostgresError) -> [String] {
        try array(column, of: .text) { String(decoding: $0, as: UTF8.self) }
    }

    package func int64s(_ column: Int) throws(PostgresError) -> [Int64] {
        try array(column, of: .int8) { bytes in
            bytes.count == 8 ? Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)) : nil
        }
    }

    package func int32s(_ column: Int) throws(PostgresError) -> [Int32] {
        try array(column, of: .int4) { bytes in
            bytes.count == 4 ? Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)) : nil
        }
    }

    private func array<Element>(
        _ column: Int, of type: PostgresType, _ decode: (UnsafeRawBufferPointer) -> Element?
    ) throws(PostgresError) -> [Element] {
        guard !isNull(column) else { throw mismatch(column, "without NULL") }
        guard var reader = ArrayReader(bytes(column), type) else { throw mismatch(column, "such an array") }
        var elements: [Element] = []
        elements.reserveCapacity(reader.count)
        for _ in 0..<reader.count {
            guard let bytes = reader.next(), let element = decode(bytes) else {
                throw mismatch(column, "such an array")
            }
            elements.append(element)
        }
        return elements
    }
}

/// Walks the binary form of an array and never past its end.
struct ArrayReader {
    private var rest: UnsafeRawBufferPointer
    let count: Int

    /// Nil when the bytes are not an array of one dimension (or none) of `type`.
    init?(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) {
        guard bytes.count >= 12 else { return nil }
        let dimensions = ArrayReader.integer(bytes, 0)
        guard UInt32(bitPattern: ArrayReader.integer(bytes, 8)) == type.rawValue else { return nil }
        switch dimensions {
        case 0:
            count = 0
            rest = UnsafeRawBufferPointer(rebasing: bytes[12...])
        case 1:
            guard bytes.count >= 20 else { return nil }
            let length = Int(ArrayReader.integer(bytes, 12))
            // Each element has at least its own length of four bytes.
            guard length >= 0, length <= (bytes.count - 20) / 4 else { return nil }
            count = length
            rest = UnsafeRawBufferPointer(rebasing: bytes[20...])
        default:
            return nil
        }
    }

    /// The next element's bytes; nil for NULL or when the bytes end too early.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard rest.count >= 4 else { return nil }
        let length = Int(ArrayReader.integer(rest, 0))
        guard length >= 0, rest.count >= 4 + length else { return nil }
        let element = UnsafeRawBufferPointer(rebasing: rest[4..<4 + length])
        rest = UnsafeRawBufferPointer(rebasing: rest[(4 + length)...])
        return element
    }

    private static func integer(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int32 {
        Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
}
