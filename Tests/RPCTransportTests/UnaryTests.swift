import RPC
import RPCTransport
import Testing

@Suite struct UnaryTests {
    @Test func answersCarryTheRequest() async throws {
        let world = try await World()
        let client = try world.client()
        let answer: Note = try await client.call(NoteMethods.echo, Note("a", "ü"), CallOptions())
        #expect(answer == Note("a", "ü"))
        await world.close(client)
    }

    @Test func manyCallsAtOnceEachGetTheirOwnAnswer() async throws {
        let world = try await World(loopCount: 2)
        let client = try world.client()
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for index in 0..<500 {
                tasks.addTask {
                    let note = Note("\(index)", String(repeating: "x", count: index))
                    return try await client.call(NoteMethods.echo, note, CallOptions()) == note
                }
            }
            for try await isSame in tasks { #expect(isSame) }
        }
        await world.close(client)
    }

    /// 3 MiB: longer than a frame and than the credit of a call, in both directions.
    @Test func longMessagesGoInPieces() async throws {
        let world = try await World()
        let client = try world.client()
        let note = Note("long", String(repeating: "0123456789abcdef", count: 3 << 16))
        let answer: Note = try await client.call(NoteMethods.echo, note, CallOptions())
        #expect(answer == note)
        await world.close(client)
    }

    @Test func tooLongMessagesAreRefusedAndTheConnectionLives() async throws {
        let world = try await World()
        let client = try world.client()
        let note = Note("long", String(repeating: "0123456789abcdef", count: 5 << 16))
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.echo, note, CallOptions())
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.reason == "MESSAGE_TOO_LONG")
        let answer: Note = try await client.call(NoteMethods.echo, Note("still"), CallOptions())
        #expect(answer.key == "still")
        await world.close(client)
    }

    @Test func errorsArriveWithTheirDetails() async throws {
        let world = try await World()
        let client = try world.client()
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.fail, Note("a"), CallOptions())
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.reason == "NOTE_LOCKED")
        #expect(error?.domain == "customer")
        #expect(error?.message == "Unlock the note first.")
        #expect(error?.details.first?.value == "n1")
        await world.close(client)
    }

    @Test func otherErrorsAreMasked() async throws {
        let world = try await World()
        let client = try world.client()
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.crash, Note("a"), CallOptions())
        }
        #expect(error?.code == .internal)
        #expect(error?.incidentID?.count == 16)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
        await world.close(client)
    }

    @Test func unknownMethodsAreNamed() async throws {
        let world = try await World()
        let client = try world.client()
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.unknown, Note("a"), CallOptions())
        }
        #expect(error?.code == .unimplemented)
        #expect(error?.reason == "METHOD_UNKNOWN")
        await world.close(client)
    }

    @Test func malformedRequestsFailTheCallOnly() async throws {
        let world = try await World()
        let client = try world.client()
        let error = await #expect(throws: RPCError.self) {
            _ = try await client.unary(NoteMethods.echo, [0x0a, 0x02, 0xff, 0xff], CallOptions())
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.reason == "REQUEST_MALFORMED")
        #expect(error?.fieldViolations.first?.field == "key")
        let answer: Note = try await client.call(NoteMethods.echo, Note("still"), CallOptions())
        #expect(answer.key == "still")
        await world.close(client)
    }

    @Test func theDeadlineEndsCallAndHandler() async throws {
        let world = try await World()
        let client = try world.client()
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(
                NoteMethods.wait, Note("a"), CallOptions(timeout: .milliseconds(500)))
        }
        #expect(error?.code == .deadlineExceeded)
        await world.gate.wait(for: "cancelled")
        await world.close(client)
    }

    @Test func cancellingTheTaskCancelsTheHandler() async throws {
        let world = try await World()
        let client = try world.client()
        let task = Task { let _: Note = try await client.call(NoteMethods.wait, Note("a"), CallOptions()) }
        await world.gate.wait(for: "begun")
        task.cancel()
        await world.gate.wait(for: "cancelled")
        let result = await task.result
        #expect(throws: RPCError.self) { try result.get() }
        await world.close(client)
    }

    @Test func moreCallsThanAllowedWaitAtTheClient() async throws {
        var limits = ServerLimits()
        limits.callsMax = 16
        let world = try await World(limits: limits)
        let client = try world.client()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for index in 0..<200 {
                tasks.addTask {
                    let _: Note = try await client.call(NoteMethods.echo, Note("\(index)"), CallOptions())
                }
            }
            try await tasks.waitForAll()
        }
        await world.close(client)
    }

    /// C strings end at it, so nobody can send one; whoever tries hears of it and of the field, and nothing goes out.
    @Test func aTextWithANULIsRefusedBeforeItIsSent() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        let error = await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.get, "a\0b") }
        #expect(error?.code == .invalidArgument && error?.reason == "REQUEST_MALFORMED")
        #expect(error?.fieldViolations.map(\.field) == ["key"])
        #expect(instances.receivedCounts == [0])
        #expect(try await client.ask(Instances.get, "ab").key == "ab")
        await instances.close(client)
    }

    @Test func anAnswerWithANULIsNotSentAsAnother() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        instances.behave(0) { Note($0.key + "\0") }
        let error = await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.get, "a") }
        #expect(error?.code == .internal)
        await instances.close(client)
    }
}
