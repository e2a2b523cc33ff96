import Text
import Wire

/// Cuts values down to the part that a caller with the level `masked` may read.
enum Masking {
    /// Stands for what is hidden.
    static let mark = "•••"
    /// Digits of a phone number that stay.
    static let phoneDigitsShown = 4

    /// Values with texts; of all others nothing is left.
    static func leavesPart(of field: RecordField) -> Bool {
        switch field.kind {
        case .text, .textArray, .json: true
        default: false
        }
    }

    /// Masks a text; every other value is taken away, because a part of it would be another value.
    static func mask(_ field: RecordField, in record: Message) {
        guard record.has(field.descriptor) else { return }
        switch field.kind {
        case .text: record.setString(field.descriptor, mask(record.string(field.descriptor) ?? ""))
        case .textArray: record.setStrings(field.descriptor, record.strings(field.descriptor).map(mask))
        case .json: maskItems(field.descriptor, in: record)
        default: record.clear(field.descriptor)
        }
    }

    /// An item of `custom_fields` with masked texts.
    static func masked(_ item: Message) -> Message {
        let item = item.copy()
        if item.has(CustomWire.text) { item.setString(CustomWire.text, mask(item.string(CustomWire.text) ?? "")) }
        if item.has(CustomWire.texts) { item.setStrings(CustomWire.texts, item.strings(CustomWire.texts).map(mask)) }
        return item
    }

    /// The domain of a text that is a mail address, the last digits of one that is a phone number, nothing of anything else, whatever
    /// stands in it. Masking twice is masking once.
    static func mask(_ text: String) -> String {
        if isMasked(text) { return text }
        if FieldFormat.email.accepts(text), let at = text.lastIndex(of: "@") { return mark + text[at...] }
        guard FieldFormat.phone.accepts(text) else { return mark }
        return mark + PhoneNumber.main(text).filter(\.isWholeNumber).suffix(phoneDigitsShown)
    }

    /// The text shows no more than masking leaves of a phone number.
    private static func isMasked(_ text: String) -> Bool {
        guard text.hasPrefix(mark) else { return false }
        let rest = text.dropFirst(mark.count)
        return rest.count <= phoneDigitsShown && rest.allSatisfy(\.isWholeNumber)
    }

    private static func maskItems(_ field: FieldDescriptor, in record: Message) {
        let items = field.isRepeated ? record.messages(field) : record.message(field).map { [$0] } ?? []
        for item in items {
            for part in item.descriptor.fields where item.has(part) {
                switch part.kind {
                case .string where !part.isRepeated: item.setString(part, mask(item.string(part) ?? ""))
                case .enumeration, .bool: break
                default: item.clear(part)
                }
            }
        }
    }
}
