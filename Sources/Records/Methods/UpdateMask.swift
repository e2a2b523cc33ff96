import RPC
import Wire

/// The fields that an update changes.
struct UpdateMask {
    let fields: [RecordField]

    /// Reads the mask; without one, every field that is set and that a client may write. `custom_fields` are all custom fields, those that
    /// were not sent, too. Throws INVALID_ARGUMENT for names that are no fields or that the service sets.
    init(_ names: [String], sent: Message, type: RecordType) throws {
        guard !names.isEmpty else {
            fields = type.fields.filter { $0.role != .id && !$0.isOutputOnly && sent.has($0.descriptor) }
            return
        }
        var fields: [RecordField] = []
        for (index, name) in names.enumerated() {
            let place = "update_mask[\(index)]"
            guard let field = type.field(name) else {
                throw RecordErrors.invalid(
                    .fieldUnknown, "\(type.object) has no field \(name.quoted).", field: place)
            }
            guard !field.isOutputOnly else {
                throw RecordErrors.invalid(
                    .fieldOutputOnly, "\(name) is set by the service; leave it out.", field: place)
            }
            let named = field.role == .customFields ? type.customFields.filter { !$0.isOutputOnly } : [field]
            for field in named {
                if !fields.contains(where: { $0.index == field.index }) { fields.append(field) }
            }
        }
        self.fields = fields
    }
}
