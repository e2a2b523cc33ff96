import Postgres
import RPC
import Tenancy
import Wire

/// Decides whether an edit made on an older version of a record still fits: edits of other fields are kept, edits of
/// the same field to another value are a conflict.
struct EditMerge {
    let type: RecordType
    let transaction: RecordTransaction
    /// Put before the names of fields in errors, as in `account.`.
    let path: String

    /// Throws ABORTED with the conflict. An edit without a version always fits: the last writer wins.
    ///
    /// - Returns: the tags that the record had at that version, where they were changed since: edits of tags are merged, not compared.
    @discardableResult
    func check(_ edit: Edit, against current: Message, _ call: RecordCall) async throws -> [RecordID]? {
        let version = type.standard.version.descriptor
        guard edit.sent.has(version) else { return nil }
        let read = edit.sent.int64(version)
        let now = current.int64(version)
        guard read != now else { return nil }
        guard (1..<now).contains(read) else {
            throw RecordErrors.invalid(
                .versionUnknown, "The record has version \(now); there was never a version \(read).",
                field: "\(path)version")
        }
        let history = try await history(of: edit, since: read, current)
        let overlapping = edit.fields.filter { field in
            if field.role == .tags, edit.tags != nil || history != nil { return false }
            return (history?.changed.contains(field.key) ?? true) && !call.rights.areSame(field, in: edit.sent, current)
        }
        guard overlapping.isEmpty else {
            throw RecordErrors.versionConflict(
                type, current: now,
                conflict: conflict(edit, current, base: history?.base, overlapping, read: read, call.rights))
        }
        guard let tags = type.standard.tags, let history, history.changed.contains(tags.key) else { return nil }
        return tags.ids(in: history.base)
    }

    /// What happened to the edited fields since the version that the caller read.
    private struct History {
        /// Those that were changed.
        let changed: Set<String>
        /// These fields as they were at that version.
        let base: Message
    }

    /// Versions that are looked through while the record is locked; older edits are treated as if nobody knew what was changed.
    static let versionsMax: Int64 = 256

    /// Nil when the ledger does not reach back that far, so that nobody can say what was changed.
    private func history(of edit: Edit, since version: Int64, _ current: Message) async throws -> History? {
        let count = current.int64(type.standard.version.descriptor) - version
        guard count <= EditMerge.versionsMax else { return nil }
        var parameters = Parameters()
        parameters.append(type.object)
        parameters.append(current.id(type.standard.id.descriptor))
        parameters.append(version)
        parameters.append(edit.fields.map(\.key))
        let row = try await transaction.query(EditMerge.history, parameters).one()
        // A row beside the changes of the record, such as that of a password, bears the version that was.
        guard try row.int64(0) == count else { return nil }
        let base = Message.make(type.message, in: current.arena)
        var reader = JSONReader(try row.json(1))
        var names = reader
        try reader.read(into: base)
        return History(changed: Set(try names.keys()), base: base)
    }

    private func conflict(
        _ edit: Edit, _ current: Message, base: Message?, _ fields: [RecordField], read: Int64,
        _ rights: FieldRights
    ) -> Conflict {
        func part(_ record: Message?, version: Int64) -> [UInt8] {
            let part = Message.make(type.message, in: current.arena)
            if let record { part.copyFields(from: record, only: fields.map(\.descriptor)) }
            rights.cutTags(of: part)
            part.set(type.standard.id.name, edit.id)
            part.setInt64(type.standard.version.descriptor, version)
            return WireCodec.encode(type.told(part))
        }
        return Conflict(
            type: type.message.name, base: part(base, version: read), mine: part(edit.sent, version: read),
            theirs: part(current, version: current.int64(type.standard.version.descriptor)),
            fields: fields.map(\.name))
    }

    /// How many versions followed one, and the first value after it of each named field that they changed.
    private static let history = Statement(
        """
        WITH later AS (
            SELECT record_version, before FROM {schema}.ledger
            WHERE object = $1 AND record_id = $2 AND record_version > $3
        )
        SELECT (SELECT count(DISTINCT record_version) FROM later), coalesce((
            SELECT jsonb_object_agg(key, value) FROM (
                SELECT DISTINCT ON (key) key, value FROM later, jsonb_each(before)
                WHERE key = ANY ($4) ORDER BY key, record_version
            ) AS changed
        ), '{}')
        """)
}
