import AccessControl
import Tenancy
import Wire

/// The display_name of records whose object takes it from another field: the value of that as text, stored when a record is written, so that lists, search
/// and references by name need not know of it.
struct DisplayText: Sendable {
    /// The display_name, which nobody writes.
    let field: RecordField
    private let source: RecordField

    /// Nil where people write it, and where the field that is named is not there, has no text, or follows from others: the name could be one of these.
    init?(of declared: RecordType, from custom: [RecordField]) {
        guard let name = declared.own?.displayField, let field = declared.field("display_name"),
            let source = custom.first(where: { $0.added?.name == name && $0.added?.isTyped == false }),
            source.added?.kind.hasLine == true, source.added?.formula == nil,
            source.added?.rollUp == nil
        else { return nil }
        (self.field, self.source) = (field.text(of: source), source)
    }

    /// Where its value is, in the order of the fields.
    var sourceIndex: Int { source.index }

    /// Another one when it takes another field.
    var key: String { "display \(source.key)" }

    /// Gives a record the text of now. Of a text that is longer than a name the beginning. A name that is older than the field stays as long as
    /// that has no value.
    func set(in record: Message, before: Message?) {
        guard let text = source.line(in: record), !text.isEmpty else {
            if before.map({ $0.has(source.descriptor) }) ?? true { record.clear(field.descriptor) }
            return
        }
        let lengthMax = field.rules.text?.lengthMax ?? .max
        let scalars = text.unicodeScalars
        guard scalars.count > lengthMax else { return record.setString(field.descriptor, text) }
        record.setString(field.descriptor, String(String.UnicodeScalarView(scalars.prefix(lengthMax - 1))) + "…")
    }
}

extension TenantField.Kind {
    /// Its values are one line of text, or have one.
    package var hasLine: Bool {
        switch self {
        case .text, .choice, .email, .phone, .url, .date, .wholeNumber, .number: true
        case .longText, .choices, .reference, .money, .yesNo, .time: false
        }
    }
}

extension RecordField {
    fileprivate func line(in record: Message) -> String? {
        guard record.has(descriptor) else { return nil }
        return switch kind {
        case .text, .date: record.string(descriptor)
        case .int64: String(record.int64(descriptor))
        case .double: Self.text(of: record.double(descriptor))
        default: nil
        }
    }

    /// A whole number without a point.
    private static func text(of number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? String(number)
    }
}
