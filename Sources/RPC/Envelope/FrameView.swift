/// One frame, as pointers into the bytes it was read from or is made of. Valid only as long as those bytes: while a
/// frame handler runs. Nested messages stay encoded, so that a proxy can pass them on as they are.
package struct FrameView {
    /// The call; 0 when absent, that is, for the connection.
    package var callID: UInt64 = 0
    /// An encoded Start.
    package var start: UnsafeRawBufferPointer?
    /// The encoded header entries with their tags, one after the other.
    package var header: UnsafeRawBufferPointer?
    /// An application message or a piece of one.
    package var payload: UnsafeRawBufferPointer?
    /// The application message goes on in the next payload.
    package var more = false
    /// The sender has no more payloads for this call.
    package var end = false
    /// An encoded Status.
    package var status: UnsafeRawBufferPointer?
    /// An encoded Cancel.
    package var cancel: UnsafeRawBufferPointer?
    /// Credit granted; 0 when absent.
    package var credit: UInt32 = 0
    /// An encoded Hello.
    package var hello: UnsafeRawBufferPointer?
    /// An encoded Ping.
    package var ping: UnsafeRawBufferPointer?
    /// An encoded GoAway.
    package var goAway: UnsafeRawBufferPointer?

    package init(callID: UInt64 = 0) {
        self.callID = callID
    }

    /// Finds the parts of a frame. Nested messages are not looked into; unknown fields are skipped.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        var reader = ProtoReader(bytes)
        while !reader.isAtEnd {
            let fieldStart = reader.position
            let tag = try reader.varint()
            switch tag {
            case 0x08: callID = try reader.varint()
            case 0x12: start = try reader.lengthDelimited()
            case 0x1a:
                _ = try reader.lengthDelimited()
                try extendHeader(from: fieldStart, to: reader.position)
            case 0x22: payload = try reader.lengthDelimited()
            case 0x28: more = try reader.varint() != 0
            case 0x30: end = try reader.varint() != 0
            case 0x3a: status = try reader.lengthDelimited()
            case 0x42: cancel = try reader.lengthDelimited()
            case 0x48: credit = try Self.uint32(reader.varint())
            case 0x52: hello = try reader.lengthDelimited()
            case 0x5a: ping = try reader.lengthDelimited()
            case 0x62: goAway = try reader.lengthDelimited()
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func extendHeader(from first: UnsafeRawPointer, to last: UnsafeRawPointer)
        throws(EnvelopeError)
    {
        guard let header, let base = header.baseAddress else {
            self.header = UnsafeRawBufferPointer(start: first, count: last - first)
            return
        }
        guard base + header.count == first else {
            throw EnvelopeError("The header entries of a frame must stand next to each other.")
        }
        self.header = UnsafeRawBufferPointer(start: base, count: last - base)
    }

    private static func uint32(_ value: UInt64) throws(EnvelopeError) -> UInt32 {
        guard let small = UInt32(exactly: value) else { throw EnvelopeError("credit is above 4294967295.") }
        return small
    }

    /// The frame carries something of a call besides credit and cancel.
    package var hasCallContent: Bool {
        start != nil || header != nil || payload != nil || end || status != nil || more
    }
}
