import RPC
import Reactor
import Wire

struct SecretError: Error { let password = "hunter2" }

/// The handlers of the test service.
enum NoteHandlers {
    static func router(_ gate: Gate) -> Router {
        var router = Router()
        router.unary(NoteMethods.echo) { request, context in
            context.responseHeader.append("greeting", "hello")
            return request
        }
        router.unary(NoteMethods.fail) { _, _ in
            throw RPCError.failedPrecondition(
                "NOTE_LOCKED", "Unlock the note first.", domain: "customer",
                details: [(key: "note", value: "n1")])
        }
        router.unary(NoteMethods.crash) { _, _ in throw SecretError() }
        router.unary(NoteMethods.wait) { request, context in
            await gate.signal("begun")
            do {
                try await EventLoop.current!.sleep(for: .seconds(60))
            } catch {
                await gate.signal("cancelled")
                throw error
            }
            return request
        }
        addStreams(&router, gate)
        return router
    }

    private static func addStreams(_ router: inout Router, _ gate: Gate) {
        router.serverStreaming(NoteMethods.count) { request, writer, _ in
            let note = Note(request)
            let writer = ResponseWriter<Note>(writer)
            for index in 0..<Int(note.key)! {
                try await writer.write(Note("\(index)", note.value))
                await gate.signal("written")
            }
        }
        router.serverStreaming(NoteMethods.watch) { _, writer, context in
            try await ResponseWriter<Note>(writer).write(Note("first"))
            do {
                try await EventLoop.current!.sleep(for: .seconds(60))
            } catch {
                await gate.signal("cancelled")
                throw error
            }
        }
        router.clientStreaming(NoteMethods.join) { reader, context in
            var bytes = 0
            var count = 0
            for try await note in RequestReader<Note>(reader) {
                if note.key == "wait" { await gate.wait(for: "go") }
                bytes += note.value.utf8.count
                count += 1
            }
            return Note("\(count)", "\(bytes)").message(in: context.arena)
        }
        router.bidirectional(NoteMethods.chat) { reader, writer, _ in
            let writer = ResponseWriter<Note>(writer)
            for try await note in RequestReader<Note>(reader) {
                try await writer.write(Note(note.key + "!", note.value))
            }
        }
    }
}
