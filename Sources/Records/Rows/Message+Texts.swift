import Text
import Wire

// Texts as they are stored. A text of nothing but blanks is none: a form sends "" for a field that was left empty.
extension RecordField {
    /// Normalizes the texts of the field, those in nested messages included; a blank one becomes unset. Everything else is
    /// left alone, and so is a text that is far too long. A record that shares nested messages with another does not change the other.
    ///
    /// A phone number, an address or a country comes into the form of its kind, and an amount that names no currency into that of the workspace. What was typed for a phone number is kept beside it, as long as
    /// the number is that one.
    func normalizeTexts(in record: Message, _ forms: NormalForms) {
        guard role != .customFields else { return }
        guard record.has(descriptor) else {
            if let typed { record.clear(typed) }
            return
        }
        // More elements than are allowed are refused without a look at any.
        if descriptor.isRepeated, record.count(descriptor) > elementCountMax { return }
        guard let typed, let text = record.string(descriptor) else {
            record.normalizeTexts(descriptor, rules, forms)
            return fillCurrency(in: record, forms)
        }
        record.normalizeTexts(descriptor, rules, forms)
        let (given, form) = (PhoneNumber.typed(TextForm.normalized(text)), record.string(descriptor))
        if let form, form != given {
            record.setString(typed, given)
        } else if let kept = record.string(typed), forms.form(of: kept, as: .phone) != form,
            // It may have been typed when the workspace was elsewhere.
            !PhoneNumber.isTyped(kept, for: form ?? "")
        {
            record.clear(typed)
        }
    }

    private func fillCurrency(in record: Message, _ forms: NormalForms) {
        guard case .money(let fields) = kind, let currency = forms.currency, let money = record.message(descriptor),
            !money.has(fields.currency), money.has(fields.minorUnits)
        else { return }
        let amount = money.copy()
        amount.setString(fields.currency, currency)
        record.setMessage(descriptor, amount)
    }
}

extension Message {
    /// Bytes of a text without a rule, an id or a date, that are looked at.
    private static let plainBytesMax = 1024

    fileprivate func normalizeTexts(_ field: FieldDescriptor, _ rules: FieldRules, _ forms: NormalForms) {
        let bytesMax = rules.text?.rawBytesMax ?? Message.plainBytesMax
        switch field.kind {
        case .string where field.isRepeated:
            let texts = strings(field)
            let normalized = texts.map { $0.utf8.count > bytesMax ? $0 : TextForm.normalized($0) }
            if !zip(texts, normalized).allSatisfy({ $0.utf8.elementsEqual($1.utf8) }) { setStrings(field, normalized) }
        case .string:
            guard let bytes = utf8(field), bytes.count <= bytesMax else { return }
            let format = rules.format.flatMap { $0.hasForm ? $0 : nil }
            if format == nil, TextForm.isPlain(bytes), !bytes.isEmpty { return }
            let text = TextForm.normalized(String(decoding: bytes, as: UTF8.self))
            if text.isEmpty {
                clear(field)
            } else {
                setString(field, format.map { forms.form(of: text, as: $0) } ?? text)
            }
        case .message where field.isRepeated:
            if count(field) > 0 { setMessages(field, messages(field).map { $0.withNormalizedTexts(rules, forms) }) }
        case .message: if let nested = message(field) { setMessage(field, nested.withNormalizedTexts(rules, forms)) }
        default: break
        }
    }

    /// Itself when it has no texts, as times and money, or a copy with normalized ones.
    private func withNormalizedTexts(_ rules: FieldRules, _ forms: NormalForms) -> Message {
        let fields = descriptor.fields.filter { has($0) && $0.holdsTexts }
        guard !fields.isEmpty else { return self }
        let copy = copy()
        for field in fields { copy.normalizeTexts(field, rules.items[field.name] ?? FieldRules(), forms) }
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
