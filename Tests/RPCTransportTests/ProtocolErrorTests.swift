import RPC
import RPCTransport
import Testing
import Wire

/// What breaks the protocol costs its sender the connection, with a reason, and nobody else anything.
@Suite struct ProtocolErrorTests {
    private static let echo = "test.v1.NoteService/EchoNote"

    /// What a peer sends, and the reason it gets.
    static let cases: [(reason: String, bytes: [UInt8])] = [
        ("FRAME_MALFORMED", [0, 0, 0, 0]),
        ("FRAME_MALFORMED", FrameBytes.hello().bytes + [0, 0, 0, 2, 0x0a, 0x7f]),
        ("FRAME_MALFORMED", FrameBytes.hello().bytes + [0, 0, 0, 1, 0x0b]),
        ("FRAME_TOO_LONG", FrameBytes.hello().bytes + [0x7f, 0xff, 0xff, 0xff]),
        ("HELLO_MISSING", FrameBytes.call(1, echo, end: true).bytes),
        ("HELLO_REPEATED", FrameBytes.hello().bytes + FrameBytes.hello().bytes),
        (
            "HELLO_REFUSED",
            FrameBytes.hello {
                $0.versionMin = 2; $0.versionMax = 3
            }.bytes
        ),
        ("HELLO_REFUSED", FrameBytes.hello { $0.frameBytesMax = 100 }.bytes),
        ("CALL_ID_MISSING", FrameBytes.hello().bytes + FrameBytes.call(0, echo, end: true).bytes),
        ("CALL_UNKNOWN", FrameBytes.hello().bytes + FrameBytes.call(1, payload: [1]).bytes),
        (
            "CALL_ID_REUSED",
            FrameBytes.hello().bytes + FrameBytes.call(2, echo, end: true).bytes
                + FrameBytes.call(2, echo, end: true).bytes
        ),
        (
            "FRAME_AFTER_END",
            FrameBytes.hello().bytes
                + FrameBytes.call(1, "test.v1.NoteService/WaitNote", payload: [], end: true).bytes
                + FrameBytes.call(1, payload: [], end: true).bytes
        ),
        ("TOO_MANY_PINGS", FrameBytes.hello().bytes + (0..<100).flatMap { FrameBytes.ping($0).bytes }),
        (
            "CALL_CREDIT_EXCEEDED",
            FrameBytes.hello().bytes + FrameBytes.call(1, "test.v1.NoteService/JoinNotes").bytes
                + (0..<6).flatMap { _ in
                    FrameBytes.call(
                        1, payload: Note("wait", String(repeating: "x", count: 200 << 10)).encoded()
                    ).bytes
                }
        ),
    ]

    @Test(arguments: cases.indices) func theSenderLosesItsConnection(_ index: Int) async throws {
        let expected = Self.cases[index]
        let world = try await World()
        let bystander = try world.client()
        let _: Note = try await bystander.call(NoteMethods.echo, Note("before"), CallOptions())
        let peer = try await RawPeer.connect(world)
        peer.send(expected.bytes)
        let error = await peer.goAway()
        #expect(error?.reason == expected.reason)
        let answer: Note = try await bystander.call(NoteMethods.echo, Note("after"), CallOptions())
        #expect(answer.key == "after")
        await world.gate.signal("go")
        await world.close(bystander)
    }

    @Test func bytesMayComeOneByOne() async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        let bytes =
            FrameBytes.hello().bytes
            + FrameBytes.call(1, Self.echo, payload: Note("a").encoded(), end: true).bytes
        for byte in bytes { peer.send([byte]) }
        let frames = await peer.frames(2)
        let note = try frames[1].withUnsafeBytes { bytes in
            try Note(decoding: try #require(FrameView(parsing: bytes).payload))
        }
        #expect(note.key == "a")
        peer.close()
        await world.close()
    }

    @Test func rapidOpeningAndCancellingEndsTheConnection() async throws {
        var limits = ServerLimits()
        limits.cancelBurstMax = 50
        limits.cancelsPerSecondMax = 1
        let world = try await World(limits: limits)
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        for id in 1...200 as ClosedRange<UInt64> {
            peer.send(FrameBytes.call(id, "test.v1.NoteService/WaitNote", end: true), FrameBytes.cancel(id))
        }
        #expect(await peer.goAway()?.reason == "TOO_MANY_CANCELS")
        await world.close()
    }

    /// Statuses that refuse one call and leave the connection alone.
    @Test func badStartsFailTheCallOnly() async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        let token: [UInt8] = [0x0a, 0x01, 0x07]
        var metadata = Metadata()
        metadata.append("steward-client-address", "1.2.3.4")
        let reserved = metadata.encoded(as: Metadata.startField)
        let spaced = Array("a b".utf8)
        peer.send(FrameBytes.hello())
        token.withUnsafeBytes { token in
            peer.send(FrameBytes.call(1, Self.echo, end: true) { $0.caller = token })
        }
        reserved.withUnsafeBytes { bytes in
            peer.send(FrameBytes.call(2, Self.echo, end: true) { $0.metadata = bytes })
        }
        spaced.withUnsafeBytes { bytes in
            peer.send(FrameBytes.call(3, Self.echo, end: true) { $0.requestID = bytes })
        }
        peer.send(FrameBytes.call(4, String(repeating: "m", count: 300), end: true))
        peer.send(FrameBytes.call(5, Self.echo, end: true))
        let reasons = try await peer.frames(6).dropFirst().map { bytes in
            try bytes.withUnsafeBytes { bytes in
                try CallStatus(parsing: try #require(FrameView(parsing: bytes).status)).error?.reason
            }
        }
        #expect(
            reasons == [
                "CALLER_REFUSED", "METADATA_KEY_INVALID", "REQUEST_ID_INVALID", "METHOD_TOO_LONG", nil,
            ])
        peer.close()
        await world.close()
    }
}
