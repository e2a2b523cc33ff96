import RPC

/// The fields that a client asked for; empty means all.
struct ReadMask: Sendable {
    /// By `RecordField.index`; empty means all.
    private let wanted: [Bool]

    /// Throws INVALID_ARGUMENT for a name that is no field. `id` and `version` are always given.
    init(_ names: [String], of type: RecordType) throws {
        if let index = names.firstIndex(where: { type.field($0) == nil }) {
            throw RecordErrors.invalid(
                .fieldUnknown, "\(type.object) has no field \(names[index].quoted).", field: "read_mask[\(index)]")
        }
        self.init(names, asFarAsKnownTo: type)
    }

    /// The same where names that are no fields are left out: what was asked for of an earlier shape of the type.
    init(_ names: [String], asFarAsKnownTo type: RecordType) {
        guard !names.isEmpty else {
            wanted = []
            return
        }
        var wanted = type.fields.map { $0.role == .id || $0.role == .version }
        for field in names.compactMap(type.field) {
            wanted[field.index] = true
            // Custom fields are told in one field: all of them, or those that are named.
            if field.role == .customFields { for custom in type.customFields { wanted[custom.index] = true } }
            if field.isCustom, let column = type.customColumn { wanted[column.index] = true }
        }
        self.wanted = wanted
    }

    /// Every field is asked for.
    var isWhole: Bool { wanted.isEmpty }

    func includes(_ field: RecordField) -> Bool { wanted.isEmpty || wanted[field.index] }
}
