import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
import Wire

/// Writes rows of a `HistoryQuery` into a response, each as the caller may see it: the rights on fields are those of now, for the values
/// of the past too.
struct HistoryWriter {
    private let fields: HistoryFields
    private let call: RecordCall
    private let writer = WireWriter(capacity: 0)
    /// The fields of which a record shows the caller something.
    private let shown: [RecordField]

    init(_ call: RecordCall, _ fields: HistoryFields) {
        self.call = call
        self.fields = fields
        shown = call.rights.shownFields
    }

    private var type: RecordType { call.type }

    /// Bytes written.
    var count: Int { writer.count }
    /// What was written.
    var bytes: [UInt8] { writer.bytes }
    /// The keys of the fields of which a change must tell to be written.
    var keys: [String] { shown.map(\.key) }

    func truncate(to count: Int) { writer.truncate(to: count) }

    /// The other fields of the response.
    func write(fieldsOf message: Message) { writer.write(fieldsOf: message) }

    /// One change, if it tells the caller anything; without its values when these are more than an answer holds.
    func write(_ row: Row) throws {
        // Masks are short on the wire, and what they stand for is made whole before.
        try call.context.arena.freeing { if let entry = try entry(row) { write(entry) } }
    }

    private func write(_ entry: Message) {
        let start = count
        writer.write(fields.changes) { writer.write(fieldsOf: entry) }
        guard count - start > ListQuery.pageBytesMax else { return }
        truncate(to: start)
        entry.clear(fields.before)
        entry.clear(fields.after)
        writer.write(fields.changes) { writer.write(fieldsOf: entry) }
    }

    private func entry(_ row: Row) throws -> Message? {
        let entry = Message.make(fields.entry, in: call.context.arena)
        let after = try row.json(HistoryQuery.Column.after.rawValue)
        var reader = JSONReader(after)
        let keys = Set(try reader.keys())
        let isCreation = row.isNull(.before)
        let before = isCreation ? nil : try row.json(HistoryQuery.Column.before.rawValue)
        let changed = try hidingTags(of: before, after, shown.filter { keys.contains($0.key) })
        if changed.isEmpty { return nil }
        // Of a custom field that is not there any more nobody knows who might read it.
        let isWhole = keys.allSatisfy { key in
            guard let field = type.storedField(key) else { return !key.hasPrefix(TenantField.prefix) }
            // It says nothing but what the value beside it does.
            return field.isSuccessor || call.rights.isReadable(field)
        }
        entry.setInt64(fields.version, try row.int64(HistoryQuery.Column.version.rawValue))
        if mayReadTime(of: keys) {
            entry.makeMessage(fields.changeTime).set(
                try row.timestamp(HistoryQuery.Column.time.rawValue), fields.timestamp)
        }
        let path = try row.string(HistoryQuery.Column.method.rawValue)
        entry.setString(fields.method, isWhole ? name(of: path, isCreation) : isCreation ? "create" : "update")
        try writeActor(row, into: entry)
        entry.setStrings(fields.changedFields, changed.map(\.name))
        if let before { entry.setMessage(fields.before, try values(before, of: changed)) }
        entry.setMessage(fields.after, try values(after, of: changed))
        return entry
    }

    /// The fields without that of the tags, where the change was of tags that the caller does not see.
    private func hidingTags(
        of before: UnsafeRawBufferPointer?, _ after: UnsafeRawBufferPointer, _ changed: [RecordField]
    ) throws -> [RecordField] {
        guard let tags = changed.first(where: { $0.role == .tags }) else { return changed }
        let (then, now) = (try before.map(record), try record(after))
        let isSame = call.rights.areSame(tags, in: then ?? Message.make(type.message, in: now.arena), now)
        return isSame ? changed.filter { $0 !== tags } : changed
    }

    private func record(_ json: UnsafeRawBufferPointer) throws -> Message {
        let record = Message.make(type.message, in: call.context.arena)
        var reader = JSONReader(json)
        try reader.read(into: record)
        return record
    }

    private func writeActor(_ row: Row, into entry: Message) throws {
        if let purpose = try row.optionalString(HistoryQuery.Column.purpose.rawValue) {
            entry.setString(fields.purpose, purpose)
        }
        // Who creates a record owns it, unless he says otherwise.
        guard type.standard.owner.map(call.rights.isReadable) ?? true else { return }
        if let actor = try row.optionalID(HistoryQuery.Column.actor.rawValue) { entry.setID(fields.actorID, actor) }
        if let principal = try row.optionalID(HistoryQuery.Column.principal.rawValue) {
            entry.setID(fields.onBehalfOfID, principal)
        }
    }

    /// The moment of a change was the record's update_time, and what it set may have become the same, as create_time did.
    private func mayReadTime(of changed: Set<String>) -> Bool {
        call.rights.isReadable(type.standard.updateTime)
            && type.fields.allSatisfy { field in
                guard case .time = field.kind, !field.isSuccessor, changed.contains(field.key) else { return true }
                return call.rights.isReadable(field)
            }
    }

    /// What a method of the type does, or the name of any other, which tells what was changed: it is for who may see that.
    private func name(of path: String, _ isCreation: Bool) -> String {
        let methods = type.methods
        return switch path {
        case methods.create.path, methods.batchCreate.path: "create"
        case methods.update.path, methods.batchUpdate.path: "update"
        case methods.delete.path, methods.batchDelete.path: "delete"
        case methods.restore.path, methods.batchRestore.path: "restore"
        case methods.undo.path: "undo"
        case methods.upsert?.path: isCreation ? "create" : "update"
        default: path.split(separator: "/").last.map(String.init) ?? path
        }
    }

    /// A record of the changed fields alone, cut down as the record itself is.
    private func values(_ json: UnsafeRawBufferPointer, of changed: [RecordField]) throws -> Message {
        let values = Message.make(type.message, in: call.context.arena)
        values.copyFields(from: try record(json), only: changed.map(\.descriptor))
        call.rights.filter(values)
        return type.told(values)
    }
}

/// The fields of a change on the wire, found when the program starts.
struct HistoryFields: Sendable {
    /// Of the response.
    let changes: FieldDescriptor
    let entry: MessageDescriptor
    let version, changeTime, method, actorID, onBehalfOfID, purpose, changedFields, before, after: FieldDescriptor
    let timestamp: TimestampFields

    init(_ shape: MethodShape) throws {
        changes = try shape.response("changes", repeated: true)
        guard case .message(let entry) = changes.kind else { throw shape.problem("changes is no message.") }
        self.entry = entry
        func field(_ name: String, repeated: Bool = false) throws -> FieldDescriptor {
            try shape.field(name, in: entry, repeated)
        }
        version = try field("version")
        changeTime = try field("change_time")
        method = try field("method")
        actorID = try field("actor_id")
        onBehalfOfID = try field("on_behalf_of_id")
        purpose = try field("purpose")
        changedFields = try field("changed_fields", repeated: true)
        before = try field("before")
        after = try field("after")
        guard case .message(let time) = changeTime.kind, let timestamp = TimestampFields(time),
            before.kind == .message(shape.type.message), after.kind == .message(shape.type.message)
        else { throw shape.problem("\(entry.name) is no change of a \(shape.type.object).") }
        self.timestamp = timestamp
    }
}
