import Contracts
import Wire

/// What there is to choose from in the fields of a kind of records, and what people call it: they write and read labels, records hold values.
struct ChoiceLabels {
    /// By the paths of the fields.
    private let choices: [String: [FieldChoice]]

    init(_ fields: [ObjectField]) {
        let chosen = fields.filter { $0.choices.contains { $0.number == nil } }
        choices = Dictionary(chosen.map { ($0.name ?? "", $0.choices) }, uniquingKeysWith: { first, _ in first })
    }

    /// The value that somebody means who writes a value, or the label of one in either case; another text as it is, which the service refuses.
    ///
    /// - Parameter isList: several may be meant, separated by commas, or as a JSON array, which is how an export writes values that have commas.
    func value(of text: String, _ path: String, isList: Bool = false) -> String {
        guard let choices = choices[path] else { return text }
        guard isList else { return Self.value(of: text, choices) }
        if let texts = ListText.elements(text) { return ListText.text(texts.map { Self.value(of: $0, choices) }) }
        if Self.isNamed(text.trimmed, choices) { return ListText.text([Self.value(of: text, choices)]) }
        // Not read by those who read lists either, who say so.
        if ListText.isJSON(text) { return text }
        return ListText.text(
            text.split(separator: ",", omittingEmptySubsequences: false).map {
                Self.value(of: String($0).trimmed, choices)
            })
    }

    private static func isNamed(_ text: String, _ choices: [FieldChoice]) -> Bool {
        value(of: text, choices) != text || choices.contains { $0.text == text }
    }

    private static func value(of text: String, _ choices: [FieldChoice]) -> String {
        let name = text.trimmed
        if choices.contains(where: { $0.text == name }) { return name }
        let meant = choices.filter { $0.displayName?.lowercased() == name.lowercased() }
        // A retired one may be called as the one that took its place.
        let living = meant.filter { $0.retired != true }
        let only = living.isEmpty ? meant : living
        return only.count == 1 ? only[0].text ?? text : text
    }

    /// What people call what a record holds in a column; nil where that is the value itself.
    func text(_ column: RecordColumn, of record: Message) -> String? {
        guard let choices = choices[column.path] else { return nil }
        let values: [String] =
            switch column {
            case .field(let field): Self.texts(field, of: record)
            case .custom: column.customValue(in: record).map { Self.texts($0.field, of: $0.item) } ?? []
            case .reference: []
            }
        let labels = values.map { value in choices.first { $0.text == value }?.displayName ?? value }
        return labels == values ? nil : labels.joined(separator: ", ")
    }

    private static func texts(_ field: FieldDescriptor, of message: Message) -> [String] {
        guard case .string = field.kind, message.has(field) else { return [] }
        return field.isRepeated ? message.strings(field) : message.string(field).map { [$0] } ?? []
    }
}
