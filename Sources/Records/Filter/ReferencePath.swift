import AccessControl

/// A path such as stage.display_name, account.region or custom.supplier.display_name: a field that names a record, of the same service or one that is mirrored
/// here, and a path in that record. One step: what follows is a field of the other record.
struct ReferencePath {
    /// The caller's rights on the records that a reference names; nil for records of which nothing is known here.
    typealias Following = (ReferenceTarget) throws -> RecordCall?

    /// Holds the id of the other record.
    let field: RecordField
    /// The other type, with the caller's rights on it.
    let call: RecordCall
    /// The path in the other record.
    let rest: String

    /// Nil for a path that begins with no such reference.
    ///
    /// - Throws: PERMISSION_DENIED when the caller may not fully read the reference, or a field that is a copy of what the path leads to, or
    ///   may read no record of the other type. The rights on the field of the other record are to be asked for where it is known.
    init?(_ path: String, from type: RecordType, _ rights: FieldRights, _ following: Following) throws {
        guard let (field, rest) = ReferencePath.split(path, type), let target = field.rules.reference,
            let call = try following(target)
        else { return nil }
        try rights.requireReadable(field)
        for copy in type.fields where copy.rules.original == path { try rights.requireReadable(copy) }
        try call.require(.read)
        (self.field, self.call, self.rest) = (field, call, rest)
    }

    /// The reference that a path begins with, and what follows; nil where it begins with none.
    private static func split(_ path: String, _ type: RecordType) -> (RecordField, rest: String)? {
        if path.hasPrefix(TenantField.prefix) {
            guard let end = path.dropFirst(TenantField.prefix.count).firstIndex(of: "."),
                let field = type.field(String(path[..<end]))
            else { return nil }
            return (field, String(path[path.index(after: end)...]))
        }
        let parts = path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, type.field(String(parts[0])) == nil, let field = type.field("\(parts[0])_id") else {
            return nil
        }
        return (field, String(parts[1]))
    }
}
