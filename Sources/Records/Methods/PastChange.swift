import AccessControl
import RPC
import Tenancy
import Wire

/// A change of a record as the ledger tells it, whatever of it somebody may see.
// SAFETY: belongs to one call, whose task runs on one loop.
struct PastChange: @unchecked Sendable {
    let id: RecordID
    /// The version that it made.
    let version: Int64
    let type: RecordType
    /// Nil for a creation.
    private let before: Message?
    private let after: Message
    private let fields: [RecordField]

    /// - Parameters:
    ///   - before: the changed fields as they were, in JSON; nil for a creation.
    ///   - after: as they became.
    init(
        of id: RecordID, version: Int64, before: UnsafeRawBufferPointer?, after: UnsafeRawBufferPointer,
        _ call: RecordCall
    ) throws {
        let type = call.type
        func values(_ json: UnsafeRawBufferPointer) throws -> Message {
            let values = Message.make(type.message, in: call.context.arena)
            var reader = JSONReader(json)
            try reader.read(into: values)
            return values
        }
        (self.id, self.version, self.type) = (id, version, type)
        self.before = try before.map(values)
        self.after = try values(after)
        var reader = JSONReader(after)
        let keys = Set(try reader.keys())
        fields = type.fields.filter { keys.contains($0.key) }
    }

    /// It gave the record to another owner or department, and did nothing else that an update does.
    var movesRecord: Bool {
        let scope = [type.standard.owner, type.standard.department].compactMap { $0?.index }
        let edited = fields.filter { !$0.isOutputOnly }
        return !edited.isEmpty && before != nil && edited.allSatisfy { scope.contains($0.index) }
    }

    /// The fields in which a record is not what the change made of it: somebody changed them since. Of a creation all are compared.
    func fieldsChangedSince(in record: Message) -> [String] {
        let compared = before == nil ? type.fields : fields
        return compared.filter { field in
            !field.isOutputOnly && !field.isSame(in: after, record)
                && (before.map { !field.isSame(in: $0, record) } ?? true)
        }.map(\.name)
    }

    /// The record lives because of it.
    var makes: Bool {
        let deleteTime = type.standard.deleteTime.descriptor
        return before.map { $0.has(deleteTime) && !after.has(deleteTime) } ?? true
    }

    /// What takes it back. Throws PERMISSION_DENIED when it changed a field that the caller may not write, FAILED_PRECONDITION when
    /// it changed what no update changes.
    func reversal(_ call: RecordCall) throws -> Intent {
        let deleteTime = type.standard.deleteTime.descriptor
        guard let before else { return Intent(id: id, kind: .deletion(version: nil)) }
        if !before.has(deleteTime), after.has(deleteTime) { return Intent(id: id, kind: .restoration) }
        if before.has(deleteTime), !after.has(deleteTime) { return Intent(id: id, kind: .deletion(version: nil)) }
        let fields = fields.filter { !$0.isOutputOnly }
        try requireWritable(fields, call)
        guard !fields.isEmpty, !fields.contains(where: \.isImmutable) else {
            throw RecordErrors.changeNotUndoable(type)
        }
        let sent = Message.make(type.message, in: call.context.arena)
        sent.copyFields(from: before, only: fields.map(\.descriptor) + fields.compactMap(\.typed))
        // Tags that the caller does not see stay as they are.
        call.rights.cutTags(of: sent)
        // It is an edit of the record as the change left it: what others made of it since is merged, or stands against it.
        sent.setInt64(type.standard.version.descriptor, version)
        return Intent(id: id, kind: .edit(try Edit(id: id.text, sent: sent, fields: fields).checked(call, "")))
    }

    /// A field that the caller does not see is not named.
    private func requireWritable(_ fields: [RecordField], _ call: RecordCall) throws {
        let shown = Set(call.rights.shownFields.map(\.index))
        for field in fields where call.rights.level(of: field) < .write {
            throw shown.contains(field.index)
                ? RecordErrors.fieldNotWritable(field.name, of: type) : RecordErrors.hiddenFieldNotWritable(type)
        }
    }
}
