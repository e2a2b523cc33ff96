import RPC
import Records

/// A record has one of several names at least.
struct SomeName: Sendable {
    /// The last one is the one that an error names.
    let fields: [String]
    let description: String

    /// Whether a name may be taken off tells whether there is another.
    func requireReadable(_ change: RecordChange) throws {
        guard change.kind == .update, fields.contains(where: { change.changes($0) && !change.after.isSet($0) }) else {
            return
        }
        for field in fields { try change.call.rights.requireReadable(field) }
    }

    func violations(_ change: RecordChange) -> [FieldViolation] {
        guard let last = fields.last, !fields.contains(where: change.after.isSet) else { return [] }
        return [FieldViolation(field: last, reason: "REQUIRED", description: description)]
    }
}
