package import Wire

extension FrameView {
    /// Bytes of the length before a frame.
    static let lengthBytes = 4

    /// Appends the frame with its length prefix; gives the number of bytes.
    @discardableResult
    package func append(to buffer: ByteBuffer) -> Int {
        let size = bodySize(payloadBytes: payload?.count)
        return buffer.withWritable(minimum: Self.lengthBytes + size) { room in
            var writer = ProtoWriter(room)
            Self.writeLength(size, &writer)
            writeHead(&writer)
            if let payload { writer.field(4, payload) }
            writeTail(&writer)
            return Self.lengthBytes + size
        }
    }

    /// Appends the frame as `append` does, with a start in place of an encoded Start in `self`.
    @discardableResult
    package func append(to buffer: ByteBuffer, start view: StartView) -> Int {
        let startBytes = view.encodedSize
        let size = bodySize(startBytes: startBytes, payloadBytes: payload?.count)
        return buffer.withWritable(minimum: Self.lengthBytes + size) { room in
            var writer = ProtoWriter(room)
            Self.writeLength(size, &writer)
            writeID(&writer)
            writer.prefix(2, startBytes)
            view.write(&writer)
            if let header { writer.raw(header) }
            if let payload { writer.field(4, payload) }
            writeTail(&writer)
            return Self.lengthBytes + size
        }
    }

    /// Appends the frame with a message as its payload, encoded straight into the buffer; gives the number of bytes.
    /// - Parameter messageBytes: `WireCodec.encodedSize(message)`.
    @discardableResult
    package func append(to buffer: ByteBuffer, message: Message, messageBytes: Int) -> Int {
        let size = Self.lengthBytes + bodySize(payloadBytes: messageBytes)
        return buffer.withWritable(minimum: size) { room in
            let room = UnsafeMutableRawBufferPointer(rebasing: room[..<size])
            write(around: messageBytes, room)
            if let start = room.baseAddress {
                WireCodec.encode(message, at: start + headBytes(payloadBytes: messageBytes))
            }
            return size
        }
    }

    /// Bytes of the frame before its payload, length prefix included.
    func headBytes(payloadBytes: Int) -> Int {
        Self.lengthBytes + headSize() + 1 + ProtoWriter.size(UInt64(payloadBytes))
    }

    /// Writes the frame into memory of exactly its size, all but the payload, which is there already or comes later.
    func write(around payloadBytes: Int, _ room: UnsafeMutableRawBufferPointer) {
        var writer = ProtoWriter(room)
        Self.writeLength(room.count - Self.lengthBytes, &writer)
        writeHead(&writer)
        writer.prefix(4, payloadBytes)
        let head = headBytes(payloadBytes: payloadBytes)
        var rest = ProtoWriter(UnsafeMutableRawBufferPointer(rebasing: room[(head + payloadBytes)...]))
        writeTail(&rest)
    }

    /// Bytes of the frame without its length prefix, with a payload of the given size.
    package func bodySize(startBytes: Int? = nil, payloadBytes: Int?) -> Int {
        var size = headSize(startBytes: startBytes)
        if let payloadBytes { size += ProtoWriter.fieldSize(length: payloadBytes) }
        if more { size += 2 }
        if end { size += 2 }
        if let status { size += ProtoWriter.fieldSize(length: status.count) }
        if let cancel { size += ProtoWriter.fieldSize(length: cancel.count) }
        if let hello { size += ProtoWriter.fieldSize(length: hello.count) }
        if let ping { size += ProtoWriter.fieldSize(length: ping.count) }
        if let goAway { size += ProtoWriter.fieldSize(length: goAway.count) }
        if credit != 0 { size += ProtoWriter.fieldSize(UInt64(credit)) }
        return size
    }

    /// The parts before the payload.
    private func headSize(startBytes: Int? = nil) -> Int {
        var size = callID == 0 ? 0 : ProtoWriter.fieldSize(callID)
        if let startBytes {
            size += ProtoWriter.fieldSize(length: startBytes)
        } else if let start {
            size += ProtoWriter.fieldSize(length: start.count)
        }
        return size + (header?.count ?? 0)
    }

    private func writeID(_ writer: inout ProtoWriter) {
        if callID != 0 { writer.field(1, callID) }
    }

    private func writeHead(_ writer: inout ProtoWriter) {
        writeID(&writer)
        if let start { writer.field(2, start) }
        if let header { writer.raw(header) }
    }

    private func writeTail(_ writer: inout ProtoWriter) {
        if more { writer.field(5, 1) }
        if end { writer.field(6, 1) }
        if let status { writer.field(7, status) }
        if let cancel { writer.field(8, cancel) }
        if credit != 0 { writer.field(9, UInt64(credit)) }
        if let hello { writer.field(10, hello) }
        if let ping { writer.field(11, ping) }
        if let goAway { writer.field(12, goAway) }
    }

    private static func writeLength(_ size: Int, _ writer: inout ProtoWriter) {
        let length = UInt32(size)
        writer.byte(UInt8(truncatingIfNeeded: length >> 24))
        writer.byte(UInt8(truncatingIfNeeded: length >> 16))
        writer.byte(UInt8(truncatingIfNeeded: length >> 8))
        writer.byte(UInt8(truncatingIfNeeded: length))
    }
}
