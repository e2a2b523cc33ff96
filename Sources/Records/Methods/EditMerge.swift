import Postgres
import RPC
import Wire

/// Decides whether an edit made on an older version of a record still fits: edits of other fields are kept, edits of
/// the same field to another value are a conflict.
struct EditMerge {
    let type: RecordType
    let transaction: RecordTransaction
    /// Put before the names of fields in errors, as in `account.`.
    let path: String

    /// Throws ABORTED with the conflict. An edit without a version always fits: the last writer wins.
    func check(_ edit: Edit, against current: Message) async throws {
        let version = type.standard.version.descriptor
        guard edit.sent.has(version) else { return }
        let read = edit.sent.int64(version)
        let now = current.int64(version)
        guard read != now else { return }
        guard (1..<now).contains(read) else {
            throw RecordErrors.invalid(
                .versionUnknown, "The record has version \(now); there was never a version \(read).",
                field: "\(path)version")
        }
        let history = try await history(edit.id, since: read, current)
        let overlapping = edit.fields.filter { field in
            (history?.changed.contains(field.name) ?? true) && !field.isSame(in: edit.sent, current)
        }
        guard !overlapping.isEmpty else { return }
        throw RecordErrors.versionConflict(
            type, current: now,
            conflict: conflict(edit, current, base: history?.base, overlapping, read: read))
    }

    /// What happened since the version that the caller read.
    private struct History {
        /// Fields that were changed.
        var changed: Set<String> = []
        /// The changed fields as they were at that version.
        let base: Message
    }

    /// Nil when the ledger does not reach back that far, so that nobody can say what was changed.
    private func history(_ id: String, since version: Int64, _ current: Message) async throws -> History? {
        var parameters = Parameters()
        parameters.append(type.object)
        parameters.append(current.id(type.standard.id.descriptor))
        parameters.append(version)
        let rows = try await transaction.query(EditMerge.history, parameters)
        let now = current.int64(type.standard.version.descriptor)
        // A row beside the changes of the record, such as that of a password, bears the version that was.
        guard Set(try rows.map { try $0.int64(1) }).count == Int(now - version) else { return nil }
        var history = History(base: Message.make(type.message, in: current.arena))
        for row in rows where !row.isNull(0) {
            let before = Message.make(type.message, in: current.arena)
            var reader = JSONReader(try row.json(0))
            var names = reader
            try reader.read(into: before)
            let fresh = Set(try names.keys()).subtracting(history.changed)
            history.base.copyFields(
                from: before, only: type.fields.filter { fresh.contains($0.name) }.map(\.descriptor))
            history.changed.formUnion(fresh)
        }
        return history
    }

    private func conflict(
        _ edit: Edit, _ current: Message, base: Message?, _ fields: [RecordField], read: Int64
    ) -> Conflict {
        func part(_ record: Message?, version: Int64) -> [UInt8] {
            let part = Message.make(type.message, in: current.arena)
            if let record { part.copyFields(from: record, only: fields.map(\.descriptor)) }
            part.set(type.standard.id.name, edit.id)
            part.setInt64(type.standard.version.descriptor, version)
            return WireCodec.encode(part)
        }
        return Conflict(
            type: type.message.name, base: part(base, version: read), mine: part(edit.sent, version: read),
            theirs: part(current, version: current.int64(type.standard.version.descriptor)),
            fields: fields.map(\.name))
    }

    private static let history = Statement(
        """
        SELECT before, record_version FROM {schema}.ledger \
        WHERE object = $1 AND record_id = $2 AND record_version > $3 ORDER BY record_version
        """)
}
