import Postgres
import RPC
import Tenancy
import Wire

/// The response of a watch, found when the program starts, and how it is written.
struct WatchAnswer: Sendable {
    private let response: MessageDescriptor
    private let records, goneIDs, resumeToken, reset, snapshotEnd: FieldDescriptor

    init(_ shape: MethodShape) throws {
        response = shape.method.response
        records = try shape.responseRecord(repeated: true)
        goneIDs = try shape.response("gone_ids", repeated: true)
        resumeToken = try shape.response("resume_token")
        reset = try shape.response("reset")
        snapshotEnd = try shape.response("snapshot_end")
    }

    /// What a response tells besides records.
    struct Rest {
        var gone: [RecordID] = []
        var token: String?
        var isReset = false
        var isSnapshotEnd = false
    }

    /// A writer of records as a view shows them.
    func writer(_ view: WatchView, count: Int) -> RecordWriter { RecordWriter(view.call, view.mask, count: count) }

    /// Adds the record of a row unless the response would become too long; its first one in any case. Says whether it was added.
    func add(_ row: Row, to writer: RecordWriter) throws -> Bool {
        let bytes = writer.count
        try writer.write(row, as: records)
        guard writer.count > ListQuery.pageBytesMax, bytes > 0 else { return true }
        writer.truncate(to: bytes)
        return false
    }

    /// The response as bytes.
    func finish(_ writer: RecordWriter, _ rest: Rest, _ view: WatchView) -> [UInt8] {
        let arena = view.call.context.arena
        return arena.freeing {
            let message = Message.make(response, in: arena)
            if !rest.gone.isEmpty { message.setStrings(goneIDs, rest.gone.map(\.text)) }
            if let token = rest.token { message.setString(resumeToken, token) }
            if rest.isReset { message.setBool(reset, true) }
            if rest.isSnapshotEnd { message.setBool(snapshotEnd, true) }
            writer.write(fieldsOf: message)
            return writer.bytes
        }
    }
}
