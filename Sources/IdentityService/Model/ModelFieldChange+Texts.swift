import IdentityContracts
import Wire

extension ModelFieldChange {
    /// What becomes of a field between two states of a record.
    init(_ field: FieldDescriptor, from before: Message, to after: Message) {
        let (old, new) = (before.texts(of: field), after.texts(of: field))
        let (known, kept) = (Set(old), Set(new))
        self.init(
            field: field.name, removed: old.filter { !kept.contains($0) }, added: new.filter { !known.contains($0) })
    }
}

extension EnumDescriptor {
    /// The name of a value without that of the type, which all names begin with: ALL.
    fileprivate func shortName(of number: Int32) -> String {
        guard let name = name(of: number) else { return "\(number)" }
        let prefix = values.first { $0.number == 0 }?.name.dropLast("UNSPECIFIED".count) ?? ""
        return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }
}

extension Message {
    /// The values of a field as people may read them: of a list each, of a message its parts, one after the other.
    fileprivate func texts(of field: FieldDescriptor) -> [String] {
        if field.isRepeated {
            if case .message = field.kind { return messages(field).map(\.text) }
            if case .string = field.kind { return strings(field) }
            return (0..<count(field)).map { "\(int64(field, at: $0))" }
        }
        guard has(field) else { return [] }
        switch field.kind {
        case .string: return string(field).map { [$0] } ?? []
        case .bool: return [bool(field) ? "yes" : "no"]
        case .enumeration(let values): return [values.shortName(of: int32(field))]
        case .message: return message(field)?.parts ?? []
        case .int32: return ["\(int32(field))"]
        default: return ["\(int64(field))"]
        }
    }

    /// One text or, of a message of lists, one for each of their elements.
    private var parts: [String] {
        descriptor.fields.allSatisfy(\.isRepeated) ? descriptor.fields.flatMap(texts) : [text]
    }

    /// The parts that are set, as in account read ALL.
    private var text: String { descriptor.fields.flatMap(texts).joined(separator: " ") }
}
