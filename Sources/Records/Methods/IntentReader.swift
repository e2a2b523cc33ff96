import AccessControl
import RPC
import Tenancy
import Wire

/// Reads what the request of Update, Delete or Restore asks for; a batch holds such requests.
struct IntentReader: Sendable {
    /// The right that it needs.
    let action: Action
    /// Where the fields of the record stand in the request, as in `account.`.
    let path: String
    private let read: @Sendable (Message, RecordCall) throws -> Intent

    /// Throws what is wrong with the request whatever the database says.
    func intent(_ request: Message, _ call: RecordCall) throws -> Intent { try read(request, call) }

    /// Of UpdateRequest.
    static func edit(_ shape: MethodShape) throws -> IntentReader {
        let sent = try shape.requestRecord()
        let reader = EditReader(
            type: shape.type, sent: sent, updateMask: try shape.request("update_mask", repeated: true))
        return IntentReader(action: .update, path: reader.path) { request, call in
            try reader.intent(request, call)
        }
    }

    /// Of DeleteRequest.
    static func deletion(_ shape: MethodShape) throws -> IntentReader {
        let (id, version) = (try shape.request("id"), try shape.request("version"))
        return IntentReader(action: .delete, path: "") { request, _ in
            let version = request.has(version) ? request.int64(version) : nil
            return Intent(
                id: try RecordEngine.id(request.string(id), field: "id"), kind: .deletion(version: version))
        }
    }

    /// Of RestoreRequest.
    static func restoration(_ shape: MethodShape) throws -> IntentReader {
        let id = try shape.request("id")
        return IntentReader(action: .delete, path: "") { request, _ in
            Intent(id: try RecordEngine.id(request.string(id), field: "id"), kind: .restoration)
        }
    }
}

/// Reads an edit: the record with its id and the new values, and the mask.
private struct EditReader: Sendable {
    let type: RecordType
    let sent, updateMask: FieldDescriptor

    var path: String { "\(sent.name)." }

    func intent(_ request: Message, _ call: RecordCall) throws -> Intent {
        let type = call.type
        let names = try request.mask(updateMask, of: type)
        guard let sent = try request.message(sent).map({ try type.taken($0, path, mask: names) }) else {
            throw RecordErrors.invalid(
                .recordMissing, "Send the \(type.object) with its id and the new values.", field: self.sent.name)
        }
        let id = try RecordEngine.id(sent.string(type.standard.id.descriptor), field: "\(path)id")
        let mask = try UpdateMask(names, sent: sent, type: type)
        let edit = try Edit(id: id.text, sent: sent, fields: mask.fields).checked(call, path)
        return Intent(id: id, kind: .edit(edit))
    }
}

extension Edit {
    /// The edit with texts in their form, of fields that the caller may write and with values that are right whatever the database says.
    ///
    /// - Parameter before: what the record is: of the edit of one it is not known yet.
    func checked(
        _ call: RecordCall, _ path: String, before: RecordValidator.Before = .unknown
    ) throws -> Edit {
        try call.rights.requireWritable(fields)
        for field in fields { field.normalizeTexts(in: sent, call.forms) }
        let violations = RecordValidator.violations(in: sent, fields: fields, before: before)
        guard !violations.isEmpty else { return self }
        throw RPCError.invalidArgument(
            violations.map {
                FieldViolation(field: path + $0.field, reason: $0.reason, description: $0.description)
            },
            domain: RecordErrors.domain)
    }
}
