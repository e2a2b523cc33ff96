/// The parts of a Start, as pointers into the bytes it was read from or is made of. Valid only as long as those.
package struct StartView {
    /// Package, service and method.
    package var method = UnsafeRawBufferPointer(start: nil, count: 0)
    /// How long the caller waits; 0 when absent.
    package var timeoutMillis: UInt64 = 0
    /// The caller's id for retries.
    package var requestID: UnsafeRawBufferPointer?
    /// W3C traceparent.
    package var traceParent: UnsafeRawBufferPointer?
    /// W3C tracestate.
    package var traceState: UnsafeRawBufferPointer?
    /// The encoded metadata entries with their tags (field 6), one after the other.
    package var metadata: UnsafeRawBufferPointer?
    /// The version of the workspace's rights to be heeded at least; 0 when absent.
    package var minEpoch: UInt64 = 0
    /// An encoded CallerToken.
    package var caller: UnsafeRawBufferPointer?

    /// Metadata of which no more is read: eight times what any server takes. A frame of a mebibyte could hold a hundred
    /// thousand entries.
    private static let metadataBytesMax = 64 << 10

    package init() {}

    /// Finds the parts of an encoded Start; `limits` are checked by the caller.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        var reader = ProtoReader(bytes)
        while !reader.isAtEnd {
            let fieldStart = reader.position
            let tag = try reader.varint()
            switch tag {
            case 0x0a: method = try reader.lengthDelimited()
            case 0x10: timeoutMillis = try reader.varint()
            case 0x1a: requestID = try reader.lengthDelimited()
            case 0x22: traceParent = try reader.lengthDelimited()
            case 0x2a: traceState = try reader.lengthDelimited()
            case 0x32:
                _ = try reader.lengthDelimited()
                try extendMetadata(from: fieldStart, to: reader.position)
            case 0x3a: caller = try reader.lengthDelimited()
            case 0x40: minEpoch = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func extendMetadata(from first: UnsafeRawPointer, to last: UnsafeRawPointer)
        throws(EnvelopeError)
    {
        guard let metadata, let base = metadata.baseAddress else {
            self.metadata = UnsafeRawBufferPointer(start: first, count: last - first)
            return
        }
        guard base + metadata.count == first else {
            throw EnvelopeError("The metadata entries of a start must stand next to each other.")
        }
        guard last - base <= Self.metadataBytesMax else {
            throw EnvelopeError("The metadata of a start is longer than \(Self.metadataBytesMax) bytes.")
        }
        self.metadata = UnsafeRawBufferPointer(start: base, count: last - base)
    }

    /// Bytes of the encoded Start.
    package var encodedSize: Int {
        var size = ProtoWriter.fieldSize(length: method.count)
        if timeoutMillis != 0 { size += ProtoWriter.fieldSize(timeoutMillis) }
        if minEpoch != 0 { size += ProtoWriter.fieldSize(minEpoch) }
        if let requestID { size += ProtoWriter.fieldSize(length: requestID.count) }
        if let traceParent { size += ProtoWriter.fieldSize(length: traceParent.count) }
        if let traceState { size += ProtoWriter.fieldSize(length: traceState.count) }
        if let caller { size += ProtoWriter.fieldSize(length: caller.count) }
        return size + (metadata?.count ?? 0)
    }

    func write(_ writer: inout ProtoWriter) {
        writer.field(1, method)
        if timeoutMillis != 0 { writer.field(2, timeoutMillis) }
        if let requestID { writer.field(3, requestID) }
        if let traceParent { writer.field(4, traceParent) }
        if let traceState { writer.field(5, traceState) }
        if let metadata { writer.raw(metadata) }
        if let caller { writer.field(7, caller) }
        if minEpoch != 0 { writer.field(8, minEpoch) }
    }

    /// The encoded Start.
    package func encoded() -> [UInt8] {
        let size = encodedSize
        return [UInt8](unsafeUninitializedCapacity: size) { room, count in
            var writer = ProtoWriter(UnsafeMutableRawBufferPointer(room))
            write(&writer)
            count = size
        }
    }
}
