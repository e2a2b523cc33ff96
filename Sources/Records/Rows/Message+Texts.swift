import Text
import Wire

// Texts as they are stored. A text of nothing but blanks is none: a form sends "" for a field that was left empty.
extension RecordField {
    /// Normalizes the texts of the field, those in nested messages included; a blank one becomes unset. Everything else is
    /// left alone. A record that shares nested messages with another does not change the other.
    func normalizeTexts(in record: Message) {
        guard role != .customFields, record.has(descriptor) else { return }
        // More elements than are allowed are refused without a look at any.
        if descriptor.isRepeated, record.count(descriptor) > elementCountMax { return }
        record.normalizeTexts(descriptor)
    }
}

extension Message {
    fileprivate func normalizeTexts(_ field: FieldDescriptor) {
        switch field.kind {
        case .string where field.isRepeated:
            let texts = strings(field)
            let normalized = texts.map(TextForm.normalized)
            if !zip(texts, normalized).allSatisfy({ $0.utf8.elementsEqual($1.utf8) }) { setStrings(field, normalized) }
        case .string:
            guard let bytes = utf8(field), !TextForm.isPlain(bytes) || bytes.isEmpty else { return }
            let text = TextForm.normalized(String(decoding: bytes, as: UTF8.self))
            if text.isEmpty { clear(field) } else { setString(field, text) }
        case .message where field.isRepeated:
            if count(field) > 0 { setMessages(field, messages(field).map { $0.withNormalizedTexts() }) }
        case .message: if let nested = message(field) { setMessage(field, nested.withNormalizedTexts()) }
        default: break
        }
    }

    /// Itself when it has no texts, as times and money, or a copy with normalized ones.
    private func withNormalizedTexts() -> Message {
        let fields = descriptor.fields.filter { has($0) && $0.holdsTexts }
        guard !fields.isEmpty else { return self }
        let copy = copy()
        for field in fields { copy.normalizeTexts(field) }
        return copy
    }
}

extension FieldDescriptor {
    fileprivate var holdsTexts: Bool {
        switch kind {
        case .string, .message: true
        default: false
        }
    }
}
