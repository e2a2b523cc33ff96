import AccessControl
import Contracts
import RPC
import TestService
import Wire

@testable import Records

extension Message {
    /// The message holds the full value of a text field, wherever it stands.
    func tells(_ field: RecordField, of record: Message) -> Bool {
        guard case .text = field.kind, field.rules.format == nil || field.rules.format?.isFree == true,
            let value = record.string(field.descriptor)
        else { return records(telling: field, of: record) }
        return WireCodec.encode(self).contains(Array(value.utf8))
    }

    private func records(telling field: RecordField, of record: Message) -> Bool {
        if field.isCustom { return items(named: String(field.name.dropFirst(TenantField.prefix.count))) }
        let type = record.descriptor.base
        let found =
            descriptor.base == type ? [based] : descriptor.fields.filter { $0.kind == .message(type) }.flatMap(messages)
        return found.contains { found in
            let (one, other) = (Message.make(type, in: Arena()), Message.make(type, in: Arena()))
            one.copyFields(from: found, only: [field.descriptor])
            other.copyFields(from: record, only: [field.descriptor])
            return found.has(field.descriptor) && WireCodec.encode(one) == WireCodec.encode(other)
        }
    }

    /// The message holds a value of a custom field that is no text, wherever it stands.
    private func items(named name: String) -> Bool {
        if descriptor == CustomField.descriptor {
            return CustomField(self).name == name && CustomField(self).stringValues.isEmpty
        }
        return descriptor.base.fields.contains { field in
            guard case .message = field.kind, has(field) else { return false }
            let nested = field.isRepeated ? messages(field) : message(field).map { [$0] } ?? []
            return nested.contains { $0.items(named: name) }
        }
    }

    /// The message holds any text of the record.
    func mentions(_ record: Message, of bench: Bench) -> Bool {
        bench.fields.contains { record.has($0.descriptor) && bench.isFreeText($0) && tells($0, of: record) }
    }
}

extension FieldFormat {
    /// Its values hold the text that a specimen makes up.
    var isFree: Bool {
        switch self {
        case .email, .url, .phone: true
        case .currency, .country, .language, .timeZone: false
        }
    }
}

extension RPCError {
    /// The error holds this text, be it in a part of a conflict.
    func tells(_ text: String) -> Bool {
        let parts = conflict.map { [$0.base, $0.mine, $0.theirs] } ?? []
        let texts = [message] + details.map(\.value) + fieldViolations.map(\.description)
        return (texts.map { Array($0.utf8) } + parts).contains { $0.contains(Array(text.utf8)) }
    }

    func mentions(_ field: RecordField, of record: Message) -> Bool {
        guard case .text = field.kind, field.rules.format == nil, let value = record.string(field.descriptor) else {
            return false
        }
        return tells(value)
    }
}
