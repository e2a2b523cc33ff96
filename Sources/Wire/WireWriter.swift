#if canImport(Glibc)
    import Glibc
#endif

/// Writes the fields of a message as bytes, one after the other, where making the message first would only cost: a page of records goes
/// from the rows of a database to the wire. Fields may come in any order; what is written is the caller's, field by field, so
/// nothing here asks whether a field belongs to the message.
///
/// SAFETY: of one call, which uses it on one thread at a time.
package final class WireWriter: @unchecked Sendable {
    @exclusivity(unchecked) private var start: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var capacity: Int
    /// Bytes written.
    @exclusivity(unchecked) package private(set) var count = 0

    /// Bytes of the longest varint.
    private static let varintBytesMax = 10

    package init(capacity: Int) {
        self.capacity = max(capacity, 64)
        start = .allocate(byteCount: self.capacity, alignment: 1)
    }

    deinit { start.deallocate() }

    /// A copy of what was written.
    package var bytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: start, count: count)) }

    /// Takes back what was written after the first so many bytes.
    package func truncate(to count: Int) {
        precondition(count <= self.count, "cannot truncate to more than there is")
        self.count = count
    }

    // MARK: Fields

    /// A string.
    package func write(_ field: FieldDescriptor, utf8 text: UnsafeRawBufferPointer) {
        reserve(2 * Self.varintBytesMax + text.count)
        put(field.tag(.lengthDelimited))
        put(UInt64(text.count))
        if let source = text.baseAddress { memcpy(start + count, source, text.count) }
        count += text.count
    }

    /// A string of so many bytes, which `fill` writes.
    package func write(_ field: FieldDescriptor, byteCount: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        reserve(2 * Self.varintBytesMax + byteCount)
        put(field.tag(.lengthDelimited))
        put(UInt64(byteCount))
        fill(
            UnsafeMutableBufferPointer(
                start: (start + count).assumingMemoryBound(to: UInt8.self), count: byteCount))
        count += byteCount
    }

    /// An int32, an int64 or the number of an enum.
    package func write(_ field: FieldDescriptor, _ number: Int64) {
        reserve(2 * Self.varintBytesMax)
        put(field.tag(.varint))
        put(UInt64(bitPattern: number))
    }

    package func write(_ field: FieldDescriptor, _ value: Bool) { write(field, value ? 1 : 0 as Int64) }

    package func write(_ field: FieldDescriptor, _ number: Double) {
        reserve(Self.varintBytesMax + 8)
        put(field.tag(.fixed64))
        (start + count).storeBytes(of: number.bitPattern.littleEndian, as: UInt64.self)
        count += 8
    }

    /// A nested message, whose fields `body` writes.
    package func write<Failure: Error>(
        _ field: FieldDescriptor, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        reserve(2 * Self.varintBytesMax)
        put(field.tag(.lengthDelimited))
        let place = count
        // Most nested messages are shorter than 128 bytes, or a record of less than 16 KiB.
        count += 1
        try body()
        let length = count - place - 1
        guard length >= 0x80 else { return (start + place).storeBytes(of: UInt8(length), as: UInt8.self) }
        let added = Self.varintBytes(UInt64(length)) - 1
        reserve(added)
        memmove(start + place + 1 + added, start + place + 1, length)
        count = place
        put(UInt64(length))
        count += length
    }

    /// All fields of a message, as if they had been written one by one.
    package func write(fieldsOf message: Message) {
        let size = WireCodec.encodedSize(message)
        reserve(size)
        WireCodec.encode(message, at: start + count)
        count += size
    }

    // MARK: Parts

    private func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            (start + count).storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            count += 1
            rest >>= 7
        }
        (start + count).storeBytes(of: UInt8(rest), as: UInt8.self)
        count += 1
    }

    private static func varintBytes(_ number: UInt64) -> Int { max(1, (64 - number.leadingZeroBitCount + 6) / 7) }

    @inline(__always)
    private func reserve(_ more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    private func grow(by more: Int) {
        capacity = max(2 * capacity, count + more)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        memcpy(fresh, start, count)
        start.deallocate()
        start = fresh
    }
}

/// How a value lies on the wire.
private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
}

extension FieldDescriptor {
    fileprivate func tag(_ type: WireType) -> UInt64 { UInt64(number) << 3 | type.rawValue }
}
