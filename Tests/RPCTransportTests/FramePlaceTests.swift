import RPC
import RPCTransport
import Reactor
import TLSTransport
import Testing
import Wire

/// Each part of a frame, from each side, at each moment of a call: what is out of place costs its sender the connection, and nothing
/// is ignored that proto/README.md does not say is.
@Suite struct FramePlaceTests {
    /// The fields of frame.proto besides call_id.
    enum Part: CaseIterable {
        case start, header, payload, more, end, status, cancel, credit, hello, ping, goAway
    }

    /// What comes of it: the reason of the go-away, or nothing.
    private static let fine = "OK"
    private static let misplaced = "FRAME_MISPLACED"

    // MARK: From client to server

    enum ServerMoment: CaseIterable {
        /// In the frame that opens the call.
        case opening
        /// The call is open, and more may be sent.
        case open
        /// The client has said end.
        case ended
        /// The call has its status.
        case over
        /// The frame names a call that was never begun.
        case unknown
        /// The frame has no call_id.
        case connection
    }

    static func expected(_ part: Part, _ moment: ServerMoment) -> String {
        switch (part, moment) {
        case (.header, _), (.status, _), (.more, _): misplaced
        case (.hello, .connection): "HELLO_REPEATED"
        case (.ping, .connection), (.goAway, .connection), (.credit, .connection): fine
        case (.hello, _), (.ping, _), (.goAway, _): misplaced
        case (_, .connection): "CALL_ID_MISSING"
        case (.start, .opening), (.start, .unknown): fine
        case (.start, _): "CALL_ID_REUSED"
        case (_, .unknown): "CALL_UNKNOWN"
        case (.payload, .ended), (.end, .ended): "FRAME_AFTER_END"
        case (.payload, _), (.end, _), (.cancel, _), (.credit, _): fine
        }
    }

    @Test(arguments: Part.allCases, ServerMoment.allCases)
    func aServerTakesWhatBelongsThere(_ part: Part, _ moment: ServerMoment) async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        peer.send(.hello())
        // A method that streams both ways, and waits for what the client has to say.
        let method = "test.v1.NoteService/JoinNotes"
        switch moment {
        case .opening: peer.send(Self.frame(part, id: 1, opening: method))
        case .open: peer.send(.call(1, method), Self.frame(part, id: 1, opening: nil))
        case .ended:
            peer.send(
                .call(1, "test.v1.NoteService/WaitNote", payload: [], end: true), Self.frame(part, id: 1, opening: nil))
        case .over:
            peer.send(.call(1, "test.v1.NoteService/UnknownNote", end: true))
            _ = await peer.frames(2)
            peer.send(Self.frame(part, id: 1, opening: nil))
        case .unknown: peer.send(Self.frame(part, id: 1, opening: nil))
        case .connection: peer.send(Self.frame(part, id: 0, opening: nil))
        }
        peer.send(.ping(99))
        #expect(await peer.outcome(ofPing: 99) == Self.expected(part, moment))
        peer.close()
        await world.gate.signal("go")
        await world.close()
    }

    /// Cancel and credit count in the opening frame, too.
    @Test func aCallMayBeCancelledAsItIsOpened() async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        peer.send(
            .hello(), Self.frame(.cancel, id: 1, opening: "test.v1.NoteService/WaitNote"),
            .call(2, "test.v1.NoteService/EchoNote", end: true))
        // The first has no status although the second has come to its end.
        #expect(await peer.reasons(until: 2) == [2: "OK"])
        peer.close()
        await world.close()
    }

    @Test func aHelloConcernsTheConnection() async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        peer.send(Self.frame(.hello, id: 1, opening: "test.v1.NoteService/EchoNote"))
        #expect(await peer.goAway()?.reason == Self.misplaced)
        await world.close()
    }

    // MARK: From server to client

    enum ClientMoment: CaseIterable {
        /// Nothing has come of the answer.
        case open
        /// The header has come.
        case afterHeader
        /// A payload has come.
        case afterPayload
        /// The call has its status.
        case over
        /// The frame names a call that was never begun.
        case unknown
        /// The frame has no call_id.
        case connection
    }

    static func expected(_ part: Part, _ moment: ClientMoment) -> String {
        switch (part, moment) {
        case (.start, _), (.cancel, _), (.end, _), (.more, _): misplaced
        case (.hello, .connection): "HELLO_REPEATED"
        case (.ping, .connection), (.goAway, .connection), (.credit, .connection): fine
        case (.hello, _), (.ping, _), (.goAway, _): misplaced
        case (_, .connection): "CALL_ID_MISSING"
        case (_, .unknown): "CALL_UNKNOWN"
        case (.header, .afterHeader), (.header, .afterPayload): misplaced
        case (.header, _), (.payload, _), (.status, _), (.credit, _): fine
        }
    }

    @Test(arguments: Part.allCases, ClientMoment.allCases)
    func aClientTakesWhatBelongsThere(_ part: Part, _ moment: ClientMoment) async throws {
        let certificates = try TestCertificates()
        let loops = try EventLoopGroup(count: 1)
        var script: [FrameBytes] =
            switch moment {
            case .afterHeader: [Self.frame(.header, id: 1, opening: nil)]
            case .afterPayload: [Self.frame(.payload, id: 1, opening: nil)]
            case .over: [Self.frame(.status, id: 1, opening: nil)]
            case .open, .unknown, .connection: []
            }
        let id: UInt64 =
            switch moment {
            case .unknown: 7
            case .connection: 0
            default: 1
            }
        script += [Self.frame(part, id: id, opening: nil), .ping(99)]
        let server = try ScriptedServer(loops.loops[0], certificates, script.flatMap(\.bytes))
        let client = RPCClient(
            loops: loops, addresses: [server.address], serverName: "customer.steward.internal",
            tls: try TLSContext.client(certificates.settings(nil, verify: .required)), agent: "test-client/1",
            logger: World.logger)
        let call = try await client.open(NoteMethods.count, CallOptions(timeout: .seconds(60)))
        // What comes may end the call before its request is out.
        try? await call.send(Note("3").encoded())
        #expect(await server.outcome() == Self.expected(part, moment))
        call.cancel()
        await client.close()
        server.stop()
    }

    // MARK: Frames

    /// A frame with the part, and with a start when it opens a call.
    private static func frame(_ part: Part, id: UInt64, opening method: String?) -> FrameBytes {
        let start = startBytes(method ?? "test.v1.NoteService/EchoNote")
        var metadata = Metadata()
        metadata.append("a", "b")
        let header = metadata.encoded(as: Metadata.headerField)
        let hello = Hello(
            agent: "raw/1", frameBytesMax: 1 << 20, messageBytesMax: 1 << 22, callsMax: 0, callCredit: nil,
            connectionCredit: nil
        ).encoded()
        let ping = Ping(token: 1, isAnswer: false).encoded()
        let goAway = GoAway(lastCallID: 0).encoded()
        let cancel = Cancel.encoded(reason: "test")
        return withBytes(start, header, hello, ping, goAway, cancel) { pieces in
            FrameBytes { frame in
                frame.callID = id
                if method != nil || part == .start { frame.start = pieces[0] }
                switch part {
                case .start: break
                case .header: frame.header = pieces[1]
                case .payload: frame.payload = UnsafeRawBufferPointer(start: nil, count: 0)
                case .more: frame.more = true
                case .end: frame.end = true
                case .status: frame.status = UnsafeRawBufferPointer(start: nil, count: 0)
                case .cancel: frame.cancel = pieces[5]
                case .credit: frame.credit = 1
                case .hello: frame.hello = pieces[2]
                case .ping: frame.ping = pieces[3]
                case .goAway: frame.goAway = pieces[4]
                }
            }
        }
    }

    private static func startBytes(_ method: String) -> [UInt8] {
        Array(method.utf8).withUnsafeBytes { bytes in
            var view = StartView()
            view.method = bytes
            return view.encoded()
        }
    }

    private static func withBytes<Value>(
        _ arrays: [UInt8]..., body: ([UnsafeRawBufferPointer]) -> Value
    ) -> Value {
        func lend(_ index: Int, _ lent: [UnsafeRawBufferPointer]) -> Value {
            guard index < arrays.count else { return body(lent) }
            return arrays[index].withUnsafeBytes { lend(index + 1, lent + [$0]) }
        }
        return lend(0, [])
    }
}
