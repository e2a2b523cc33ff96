import RPC
import Records

/// A record has one at least of several fields by which people know it.
struct SomeName: Sendable {
    /// The last one is the one that an error names.
    let fields: [String]
    let description: String

    /// Whether one may be taken off tells whether there is another, unless another one is there for the caller to read.
    func requireReadable(_ change: RecordChange) throws {
        let rights = change.call.rights
        guard change.kind == .update, fields.contains(where: { change.changes($0) && !change.after.isSet($0) }),
            !fields.contains(where: { change.after.isSet($0) && rights.mayRead($0) })
        else { return }
        for field in fields { try rights.requireReadable(field) }
    }

    func violations(_ change: RecordChange) -> [FieldViolation] {
        guard let last = fields.last, !fields.contains(where: change.after.isSet) else { return [] }
        return [FieldViolation(field: last, reason: "REQUIRED", description: description)]
    }
}
