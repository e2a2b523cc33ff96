import CEnvelope
import RPC
import Testing
import Wire

/// The envelope is read and written by hand; protobuf-c is the judge.
@Suite struct EnvelopeTests {
    private let descriptor = MessageDescriptor(steward_rpc_v1_frame_descriptor())

    private func encoded(_ frame: FrameView, start: StartView? = nil) -> [UInt8] {
        let buffer = ByteBuffer()
        if let start { frame.append(to: buffer, start: start) } else { frame.append(to: buffer) }
        return buffer.copy()
    }

    /// Writes a frame with every part; protobuf-c reads it, writes it again, and must give the same bytes.
    @Test func protobufCReadsAndWritesTheSameBytes() throws {
        var metadata = Metadata()
        metadata.append("k1", "v1")
        metadata.append("k2", [0, 1, 255])
        let status = CallStatus(error: Self.fullError, budget: Self.fullError.budget).encoded()
        let hello = Hello(
            agent: "a/1", frameBytesMax: 1 << 20, messageBytesMax: 1 << 22, callsMax: 300, callCredit: 7,
            connectionCredit: UInt32.max)
        let bytes = withBytes(
            Array("a.B/C".utf8), Array("id".utf8), metadata.encoded(as: 6), metadata.encoded(as: 3),
            [1, 2, 3], status,
            hello.encoded(), Ping(token: 300, isAnswer: true).encoded(),
            GoAway(lastCallID: .max, error: Self.fullError).encoded(), Cancel.encoded(reason: "why")
        ) { p in
            var start = StartView()
            start.method = p[0]
            start.timeoutMillis = 5_000
            start.requestID = p[1]
            start.traceParent = p[1]
            start.traceState = p[1]
            start.metadata = p[2]
            start.caller = UnsafeRawBufferPointer(start: nil, count: 0)
            var frame = FrameView(callID: 1 << 40)
            frame.header = p[3]
            frame.payload = p[4]
            frame.more = true
            frame.end = true
            frame.status = p[5]
            frame.cancel = p[9]
            frame.credit = UInt32.max
            frame.hello = p[6]
            frame.ping = p[7]
            frame.goAway = p[8]
            return encoded(frame, start: start)
        }
        let body = Array(bytes.dropFirst(4))
        #expect(bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } == body.count)
        let again = try body.withUnsafeBytes { raw in
            WireCodec.encode(try WireCodec.decode(raw, as: descriptor, arena: Arena()))
        }
        #expect(again == body)
    }

    @Test func aFrameReadsBackAsItWasWritten() throws {
        var metadata = Metadata()
        metadata.append("k1", "v1")
        metadata.append("k2", "v2")
        let bytes = withBytes(metadata.encoded(as: 3), [9, 9], []) { p in
            var frame = FrameView(callID: 77)
            frame.header = p[0]
            frame.payload = p[1]
            frame.status = p[2]
            frame.credit = 5
            return encoded(frame)
        }
        try bytes.dropFirst(4).withUnsafeBytes { raw in
            let frame = try FrameView(parsing: raw)
            #expect(frame.callID == 77)
            #expect(frame.payload.map { Array($0) } == [9, 9])
            #expect(frame.status?.count == 0)
            #expect(frame.credit == 5)
            #expect(frame.more == false && frame.end == false && frame.start == nil)
            #expect(try frame.header.map { try Metadata(parsing: $0) } == metadata)
        }
    }

    @Test func aMessageEncodedIntoTheBufferIsTheSameFrame() throws {
        let arena = Arena()
        let detail = MessageDescriptor(steward_rpc_v1_detail_descriptor())
        let message = Message.make(detail, in: arena)
        message.setString(try #require(detail.field("key")), "k")
        message.setString(try #require(detail.field("value")), String(repeating: "v", count: 300))
        var frame = FrameView(callID: 3)
        let direct = withBytes([]) { p in
            frame.status = p[0]
            let buffer = ByteBuffer()
            frame.append(to: buffer, message: message, messageBytes: WireCodec.encodedSize(message))
            return buffer.copy()
        }
        let viaBytes = withBytes([], WireCodec.encode(message)) { p in
            frame.status = p[0]
            frame.payload = p[1]
            return encoded(frame)
        }
        #expect(direct == viaBytes)
    }

    /// However long the pieces are: together they are the message, header first, status last, `more` between.
    @Test(arguments: [1, 2, 7, 100, 304, 305, 306, 307, 1_000]) func aMessageInPiecesIsWhole(pieceBytes: Int) throws {
        let detail = MessageDescriptor(steward_rpc_v1_detail_descriptor())
        let message = Message.make(detail, in: Arena())
        message.setString(try #require(detail.field("value")), String(repeating: "v", count: 303))
        let whole = WireCodec.encode(message)
        let buffer = ByteBuffer()
        var metadata = Metadata()
        metadata.append("k", "v")
        withBytes(metadata.encoded(as: Metadata.headerField), [8, 0]) { p in
            var frame = FrameView(callID: 300)
            frame.header = p[0]
            frame.status = p[1]
            frame.append(to: buffer, message: message, messageBytes: whole.count, pieceBytes: pieceBytes)
        }
        var joined: [UInt8] = []
        var (headers, statuses, unfinished): ([Bool], [Bool], [Bool]) = ([], [], [])
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        while let body = try decoder.next(buffer) {
            let frame = try FrameView(parsing: body)
            let payload = try #require(frame.payload)
            #expect(frame.callID == 300 && payload.count <= pieceBytes)
            joined += payload
            headers.append(frame.header != nil)
            statuses.append(frame.status != nil)
            unfinished.append(frame.more)
        }
        let count = (whole.count + pieceBytes - 1) / pieceBytes
        #expect(joined == whole && buffer.isEmpty)
        #expect(headers == (0..<count).map { $0 == 0 })
        #expect(statuses == (0..<count).map { $0 == count - 1 })
        #expect(unfinished == (0..<count).map { $0 < count - 1 })
    }

    /// Every prefix of a frame and every single changed byte: an error or a frame, never a crash or a read past the end.
    @Test func damagedFramesNeverCrash() throws {
        let status = CallStatus(error: Self.fullError).encoded()
        let whole = withBytes(status, [1, 2, 3]) { p in
            var frame = FrameView(callID: 300)
            frame.payload = p[1]
            frame.status = p[0]
            return Array(encoded(frame).dropFirst(4))
        }
        var refused = 0
        for length in 0..<whole.count where !Self.parses(Array(whole.prefix(length))) { refused += 1 }
        #expect(refused > whole.count / 2)
        for index in whole.indices {
            for value in [0x00, 0x7f, 0x80, 0xff, whole[index] ^ 1] as [UInt8] {
                var damaged = whole
                damaged[index] = value
                _ = Self.parses(damaged)
            }
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...40, using: &generator)
            _ = Self.parses((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
    }

    private static func parses(_ bytes: [UInt8]) -> Bool {
        // A copy of its own, so that a sanitizer sees a read past the end.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        do {
            let frame = try FrameView(parsing: UnsafeRawBufferPointer(copy))
            if let status = frame.status { _ = try CallStatus(parsing: status) }
            if let start = frame.start { _ = try StartView(parsing: start) }
            if let header = frame.header { _ = try Metadata(parsing: header) }
            if let hello = frame.hello { _ = try Hello(parsing: hello) }
            if let goAway = frame.goAway { _ = try GoAway(parsing: goAway) }
            return true
        } catch {
            return false
        }
    }

    @Test func unknownFieldsAreSkippedAndGroupsRefused() throws {
        // call_id = 1, field 100 as varint, as fixed64, as bytes and as fixed32, then end = 1.
        let known: [UInt8] = [0x08, 1]
        let unknown: [UInt8] =
            [0xa0, 0x06, 5] + [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8] + [0xa2, 0x06, 2, 1, 1] + [
                0xa5, 0x06, 1, 2, 3, 4,
            ]
        let frame = try (known + unknown + [0x30, 1]).withUnsafeBytes { raw in
            let frame = try FrameView(parsing: raw)
            return (frame.callID, frame.end)
        }
        #expect(frame == (1, true))
        #expect(!Self.parses([0xa3, 0x06]))
        #expect(!Self.parses([0x02, 0x00]))
    }

    /// The examples of proto/README.md.
    @Test func theExamplesOfTheSpecificationAreTrue() throws {
        let hello: [UInt8] = [
            0x52, 0x15, 0x08, 0x01, 0x10, 0x01, 0x1a, 0x06, 0x64, 0x65, 0x6d, 0x6f, 0x2f, 0x31, 0x20, 0x80,
            0x80, 0x40,
            0x28, 0x80, 0x80, 0x80, 0x02,
        ]
        try hello.withUnsafeBytes { raw in
            let read = try Hello(parsing: #require(FrameView(parsing: raw).hello))
            #expect(
                read.agent == "demo/1" && read.frameBytesMax == 1 << 20 && read.messageBytesMax == 4 << 20)
            #expect(read.callCredit == nil && read.connectionCredit == nil && read.refusal == nil)
        }
        let answer: [UInt8] = [0x08, 0x01, 0x22, 0x02, 0x08, 0x01, 0x3a, 0x00]
        try answer.withUnsafeBytes { raw in
            let frame = try FrameView(parsing: raw)
            #expect(try CallStatus(parsing: #require(frame.status)).error == nil)
            #expect(frame.payload.map { Array($0) } == [0x08, 0x01])
        }
        let goAway: [UInt8] = [0x62, 0x0d, 0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01, 0x12, 0x00]
        try goAway.withUnsafeBytes { raw in
            let read = try GoAway(parsing: #require(FrameView(parsing: raw).goAway))
            #expect(read.lastCallID == GoAway.announcedLastCallID && read.error == nil)
        }
        #expect(encoded(Self.creditFrame) == [0, 0, 0, 6, 0x08, 0x05, 0x48, 0x80, 0x80, 0x08])
    }

    private static var creditFrame: FrameView {
        var frame = FrameView(callID: 5)
        frame.credit = 131_072
        return frame
    }

    static var fullError: RPCError {
        RPCError(
            .aborted, reason: "CONFLICT", domain: "records", "Read again.", details: [(key: "a", value: "b")],
            fieldViolations: [FieldViolation(field: "account.name", reason: "CHANGED", description: "d")],
            retryDelay: .milliseconds(250),
            conflict: Conflict(type: "x.Y", base: [1], mine: [2], theirs: [3], fields: ["f", "g"]),
            budget: Budget(cost: 3, remaining: 4, reset: .milliseconds(9)))
    }
}

/// Pointers to several arrays at once.
func withBytes<Result>(_ arrays: [UInt8]..., body: ([UnsafeRawBufferPointer]) throws -> Result) rethrows
    -> Result
{
    let copies = arrays.map { array in
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 1)
        copy.copyBytes(from: array)
        return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    return try body(copies.map { UnsafeRawBufferPointer($0) })
}
