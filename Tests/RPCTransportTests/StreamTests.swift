import RPC
import RPCTransport
import Testing
import Wire

@Suite struct StreamTests {
    @Test func serverStreamsArriveInOrderPastTheCredit() async throws {
        let world = try await World()
        let client = try world.client()
        // 200 × 16 KiB: twelve times the credit of a call.
        let request = Note("200", String(repeating: "x", count: 16 << 10))
        let stream: ResponseStream<Note> = try await client.serverStream(
            NoteMethods.count, request, CallOptions())
        var keys: [String] = []
        for try await note in stream { keys.append(note.key) }
        #expect(keys == (0..<200).map { "\($0)" })
        await world.close(client)
    }

    /// The writer stops when the reader does not read: credit, not memory, bounds what is under way.
    @Test func aSlowReaderHoldsTheWriterBack() async throws {
        let world = try await World()
        let client = try world.client()
        let request = Note("1000", String(repeating: "x", count: 16 << 10))
        let stream: ResponseStream<Note> = try await client.serverStream(
            NoteMethods.count, request, CallOptions())
        #expect(try await stream.next()?.key == "0")
        await world.gate.wait(for: "written", count: 10)
        // Another call goes through meanwhile, and by its answer the stream has had its chance to run on.
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        let written = await world.gate.count(of: "written")
        #expect(written < 60, "the window of 256 KiB holds 16 such messages, \(written) were written")
        var rest = 0
        for try await _ in stream { rest += 1 }
        #expect(rest == 999)
        await world.close(client)
    }

    /// A writer that has sent all and finds a window closed waits before it makes the next message, and goes on with credit.
    @Test(arguments: [false, true]) func aWriterWaitsForTheWindowAndGoesOn(isOfTheCall: Bool) async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        peer.send(
            .hello {
                $0.callCredit = isOfTheCall ? 1_000 : nil
                $0.connectionCredit = isOfTheCall ? nil : 1_000
            },
            .call(
                1, NoteMethods.count.path, payload: Note("5", String(repeating: "x", count: 996)).encoded(), end: true))
        // The hello and the first message, which uses the window up.
        #expect(await peer.frames(2).count == 2)
        for count in 3...6 {
            peer.send(
                FrameBytes {
                    $0.callID = isOfTheCall ? 1 : 0
                    $0.credit = 1_000
                })
            #expect(await peer.frames(count).count >= count)
        }
        #expect(await peer.reasons(until: 1) == [1: "OK"])
        peer.close()
        await world.close()
    }

    /// A peer that does not read, in the middle of a message or before the next one: the call ends at its time with
    /// nothing more but its status, the connection goes on, and the writer writes nothing after that.
    @Test(arguments: [100, 40_000]) func aWriteEndsAtItsDeadline(bytes: Int) async throws {
        let later = Mutexed("nothing")
        var router = Router()
        router.serverStreaming(NoteMethods.count) { request, writer, context in
            context.cost = 7
            let (bytes, deadline) = (Note(request).encoded(), Deadline.after(.milliseconds(100)))
            do {
                for _ in 0..<1_000 { try await writer.write(encoded: bytes, until: deadline) }
            } catch {
                do { try await writer.write(encoded: bytes) } catch let again as RPCError {
                    later.update { $0 = again.reason }
                }
                throw error
            }
        }
        router.unary(NoteMethods.echo) { request, _ in request }
        let world = try await World(router: router)
        let peer = try await RawPeer.connect(world)
        let note = Note("1", String(repeating: "x", count: bytes))
        peer.send(
            .hello {
                $0.frameBytesMax = 16_384
                $0.callCredit = 20_000
            },
            .call(1, NoteMethods.count.path, payload: note.encoded(), end: true))
        #expect(await peer.reasons(until: 1) == [1: "ANSWER_NOT_TAKEN"])
        #expect(await peer.budgets(until: 1)[1]?.cost == 7)
        #expect(later.value == "ANSWER_NOT_TAKEN")
        peer.send(.call(3, NoteMethods.echo.path, payload: Note("b").encoded(), end: true))
        #expect(await peer.reasons(until: 3)[3] == "OK")
        peer.close()
        await world.close()
    }

    /// Longer than a frame, with a peer that does not count and with one that does.
    @Test(arguments: [nil, 100_000 as UInt32]) func longMessagesGoInFramesThatThePeerTakes(credit: UInt32?) async throws
    {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        let note = Note("3", String(repeating: "x", count: 50_000))
        peer.send(
            .hello {
                $0.frameBytesMax = 16_384
                $0.callCredit = credit
            },
            .call(1, NoteMethods.count.path, payload: note.encoded(), end: true))
        if credit != nil {
            peer.send(
                FrameBytes {
                    $0.callID = 1
                    $0.credit = 1 << 20
                })
        }
        #expect(await peer.reasons(until: 1) == [1: "OK"])
        var messages: [[UInt8]] = []
        var message: [UInt8] = []
        for bytes in await peer.frames(1) {
            #expect(bytes.count <= 16_384)
            try bytes.withUnsafeBytes { bytes in
                let frame = try FrameView(parsing: bytes)
                guard frame.callID == 1, let payload = frame.payload else { return }
                message += payload
                if !frame.more { (messages, message) = (messages + [message], []) }
            }
        }
        #expect(messages == (0..<3).map { Note("\($0)", note.value).encoded() })
        peer.close()
        await world.close()
    }

    @Test func clientStreamsAreRead() async throws {
        let world = try await World()
        let client = try world.client()
        let stream: RequestStream<Note, Note> = try await client.clientStream(NoteMethods.join, CallOptions())
        for index in 0..<300 {
            try await stream.send(Note("\(index)", String(repeating: "y", count: 8 << 10)))
        }
        let answer = try await stream.finish()
        #expect(answer == Note("300", "\(300 * (8 << 10))"))
        await world.close(client)
    }

    @Test func bothSidesStreamAtOnce() async throws {
        let world = try await World()
        let client = try world.client()
        let call = try await client.open(NoteMethods.chat, CallOptions())
        for index in 0..<20 {
            try await call.send(Note("\(index)").encoded())
            let answer = try #require(try await call.next())
            #expect(try Note(decoding: answer).key == "\(index)!")
        }
        try await call.finish()
        #expect(try await call.next() == nil)
        await world.close(client)
    }

    @Test func lettingGoOfAStreamCancelsTheHandler() async throws {
        let world = try await World()
        let client = try world.client()
        do {
            let stream: ResponseStream<Note> = try await client.serverStream(
                NoteMethods.watch, Note("a"), CallOptions())
            #expect(try await stream.next()?.key == "first")
        }
        await world.gate.wait(for: "cancelled")
        await world.close(client)
    }

    @Test func drainEndsEndlessStreamsAndFinishesTheRest() async throws {
        let world = try await World()
        let client = try world.client()
        let watch: ResponseStream<Note> = try await client.serverStream(
            NoteMethods.watch, Note("a"), CallOptions())
        #expect(try await watch.next()?.key == "first")
        let join: RequestStream<Note, Note> = try await client.clientStream(NoteMethods.join, CallOptions())
        try await join.send(Note("one", "1"))
        let drain = Task { await world.server.drain(within: .seconds(20)) }
        let error = await #expect(throws: RPCError.self) { _ = try await watch.next() }
        #expect(error?.reason == "DRAINING")
        try await join.send(Note("two", "22"))
        #expect(try await join.finish() == Note("2", "3"))
        await drain.value
        await world.close(client)
    }
}
