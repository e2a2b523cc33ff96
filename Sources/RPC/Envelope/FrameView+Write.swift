package import Wire

extension FrameView {
    /// Appends the frame with its length prefix. `start` takes the place of an encoded Start in `self`.
    package func append(to buffer: ByteBuffer, start view: StartView? = nil) {
        let startBytes = view?.encodedSize
        let size = bodySize(startBytes: startBytes, payloadBytes: payload?.count)
        buffer.withWritable(minimum: 4 + size) { room in
            var writer = ProtoWriter(room)
            Self.writeLength(size, &writer)
            writeHead(&writer, view, startBytes)
            if let payload { writer.field(4, payload) }
            writeTail(&writer)
            return 4 + size
        }
    }

    /// Appends the frame with a message as its payload, encoded straight into the buffer.
    /// - Parameter messageBytes: `WireCodec.encodedSize(message)`.
    package func append(
        to buffer: ByteBuffer, message: Message, messageBytes: Int, start view: StartView? = nil
    ) {
        let startBytes = view?.encodedSize
        let size = bodySize(startBytes: startBytes, payloadBytes: messageBytes)
        let prefix = 1 + ProtoWriter.size(UInt64(messageBytes))
        let head = headSize(startBytes: startBytes) + prefix
        buffer.withWritable(minimum: 4 + head) { room in
            var writer = ProtoWriter(room)
            Self.writeLength(size, &writer)
            writeHead(&writer, view, startBytes)
            writer.prefix(4, messageBytes)
            return 4 + head
        }
        WireCodec.encode(message, to: buffer)
        let tail = size - head - messageBytes
        guard tail > 0 else { return }
        buffer.withWritable(minimum: tail) { room in
            var writer = ProtoWriter(room)
            writeTail(&writer)
            return tail
        }
    }

    /// Bytes of the length before a frame.
    static let lengthBytes = 4

    /// Bytes of the frame before its payload, length prefix included.
    func headBytes(payloadBytes: Int) -> Int {
        Self.lengthBytes + headSize(startBytes: nil) + 1 + ProtoWriter.size(UInt64(payloadBytes))
    }

    /// Writes the frame into memory of exactly its size, all but the payload, which is there already or comes later.
    func write(around payloadBytes: Int, _ room: UnsafeMutableRawBufferPointer) {
        var writer = ProtoWriter(room)
        Self.writeLength(room.count - Self.lengthBytes, &writer)
        writeHead(&writer, nil, nil)
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
    private func headSize(startBytes: Int?) -> Int {
        var size = callID == 0 ? 0 : ProtoWriter.fieldSize(callID)
        if let startBytes {
            size += ProtoWriter.fieldSize(length: startBytes)
        } else if let start {
            size += ProtoWriter.fieldSize(length: start.count)
        }
        return size + (header?.count ?? 0)
    }

    private func writeHead(_ writer: inout ProtoWriter, _ view: StartView?, _ startBytes: Int?) {
        if callID != 0 { writer.field(1, callID) }
        if let view, let startBytes {
            writer.prefix(2, startBytes)
            view.write(&writer)
        } else if let start {
            writer.field(2, start)
        }
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
