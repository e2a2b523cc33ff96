import Foundation
import RPC
import RPCTransport
import TLSTransport
import TestSupport
import Testing
import Wire

/// Runs the Python client, which was written from proto/README.md alone, against a real server.
@Suite struct ThinClientTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "ThinClientTests/thin_client.py").path

    private func run(_ world: World, _ method: String, _ requests: Note...) async throws -> (
        lines: [String], code: Int32
    ) {
        let (output, code) = try await ChildProgram.run(
            [
                "/usr/bin/env", "python3", Self.script, world.address.description, world.certificates.path("ca.pem"),
                "customer.steward.internal", method,
            ] + requests.map { $0.encoded().map { String(format: "%02x", $0) }.joined() })
        return (output.split(separator: "\n").map(String.init), code)
    }

    private func note(_ hex: String) throws -> Note {
        var bytes: [UInt8] = []
        var rest = Substring(hex)
        while !rest.isEmpty {
            bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
            rest = rest.dropFirst(2)
        }
        return try Note(decoding: bytes)
    }

    @Test func unary() async throws {
        let world = try await World()
        let answer = try await run(world, "test.v1.NoteService/EchoNote", Note("a", "ü"))
        #expect(try note(answer.lines[0]) == Note("a", "ü"))
        #expect(answer.lines.last == "OK")
        await world.close()
    }

    @Test func statusWithReason() async throws {
        let world = try await World()
        let failed = try await run(world, "test.v1.NoteService/FailNote", Note("a"))
        #expect(failed.lines == ["9 customer/NOTE_LOCKED: Unlock the note first."])
        #expect(failed.code == 9)
        let unknown = try await run(world, "test.v1.Nowhere/Method", Note("a"))
        #expect(unknown.lines[0].hasPrefix("12 rpc/SERVICE_UNKNOWN"))
        await world.close()
    }

    /// A client that leaves the credits out of its hello is sent a long stream without granting anything.
    @Test func streams() async throws {
        let world = try await World()
        let count = try await run(
            world, "test.v1.NoteService/CountNotes", Note("300", String(repeating: "x", count: 8 << 10)))
        #expect(count.lines.count == 301)
        #expect(count.lines.last == "OK")
        let join = try await run(
            world, "test.v1.NoteService/JoinNotes", Note("1", "a"), Note("2", "bc"), Note("3", ""))
        #expect(try note(join.lines[0]) == Note("3", "3"))
        await world.close()
    }
}
