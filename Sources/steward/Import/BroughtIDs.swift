import StewardClient
import Tenancy
import Text
import Wire

/// Rows that bring the id of their record, as those of an export do: one whose record is there and holds what the cells say was
/// imported before.
enum BroughtIDs {
    /// Of the rows that were refused since a record has their id, those with the same cells have existed; of the others it says
    /// in what they differ.
    static func settle(_ outcomes: inout [RowOutcome], of sent: [ImportRows.Prepared], _ client: RecordClient) async {
        let rows = Dictionary(
            sent.filter { !$0.isIDOfRow }.map { ($0.row.line, $0) }, uniquingKeysWith: { first, _ in first })
        let taken = outcomes.indices.filter { outcomes[$0].reason == "ID_TAKEN" && rows[outcomes[$0].line] != nil }
        guard !taken.isEmpty else { return }
        do {
            let stored = try await client.findEach("id", in: Set(taken.compactMap { rows[outcomes[$0].line]?.id }))
            for index in taken {
                guard let row = rows[outcomes[index].line], let record = stored[row.id] else { continue }
                settle(&outcomes[index], row, record, client.noun)
            }
        } catch {
            // They are refused, as the server has said.
            Terminal.note("whether rows with taken ids were imported before could not be asked: \(error)")
        }
    }

    private static func settle(
        _ outcome: inout RowOutcome, _ row: ImportRows.Prepared, _ record: Message, _ noun: RecordNoun
    ) {
        outcome.id = row.id
        let others = differences(row.message, record)
        guard others.isEmpty else {
            outcome.text =
                "the \(noun.name) with this id has another \(others.joined(separator: ", ")); "
                + "steward \(noun.name) update \(row.id) changes it"
            return
        }
        outcome.result = .existed
        outcome.column = ""
        outcome.text = "the same row was imported before"
    }

    /// The fields that a row sets and the record holds otherwise, those that the workspace has added as custom.size.
    static func differences(_ row: Message, _ record: Message) -> [String] {
        row.descriptor.fields.filter { row.has($0) }.flatMap { field -> [String] in
            if field.name == "custom_fields" { return ownDifferences(row.messages(field), record.messages(field)) }
            let typed = record.descriptor.field(field.name + typedSuffix).flatMap { record.string($0) }
            return isSame(field, of: row, record, typed: typed) ? [] : [field.name]
        }
    }

    /// One by one: the record has others, too, by their defaults and formulas, and in an order of its own.
    private static func ownDifferences(_ row: [Message], _ record: [Message]) -> [String] {
        let stored = Dictionary(record.map { (text("name", of: $0), $0) }, uniquingKeysWith: { first, _ in first })
        return row.filter { item in
            guard let field = value(item) else { return false }
            let name = text("name", of: item)
            guard let other = stored[name], let held = value(other) else { return true }
            if field.name == held.name {
                return !isSame(
                    field, of: item, other, typed: stored[name + typedSuffix].map { text(held.name, of: $0) })
            }
            // A number that is whole may be told as one or not.
            guard let number = Double(FieldText.number(field, of: item)) else { return true }
            return number != Double(FieldText.number(held, of: other))
        }.map { CustomFieldKinds.prefix + text("name", of: $0) }
    }

    /// What the service adds to the name of a phone number's field for what was typed.
    private static let typedSuffix = "_typed"

    private static func text(_ name: String, of message: Message) -> String {
        message.descriptor.field(name).flatMap { message.string($0) } ?? ""
    }

    /// The field of an item of custom_fields that holds its value.
    private static func value(_ item: Message) -> FieldDescriptor? {
        item.descriptor.fields.first { $0.name != "name" && item.has($0) }
    }

    /// - Parameter typed: what was typed for the number that the record holds, if it is one and that was another text.
    private static func isSame(
        _ field: FieldDescriptor, of row: Message, _ record: Message, typed: String? = nil
    ) -> Bool {
        switch (field.kind, field.isRepeated) {
        case (.string, true):
            let (given, stored) = (row.strings(field), record.strings(field))
            // Tags and other records have no order.
            if field.name.hasSuffix("_ids") { return Set(given.map { $0.lowercased() }) == Set(stored) }
            return given.count == stored.count && zip(given, stored).allSatisfy { isSame($0, $1) }
        case (.string, false):
            let (given, stored) = (row.string(field) ?? "", record.string(field) ?? "")
            return isSame(given, stored) || typed.map { isSame(given, $0) } == true
        case (.message, true):
            let (given, stored) = (row.messages(field), record.messages(field))
            return given.count == stored.count && zip(given, stored).allSatisfy { isSame($0, $1) }
        default: return MessageJSON.value(field, of: row) == MessageJSON.value(field, of: record)
        }
    }

    /// Elements of a list, as ways to reach a contact.
    private static func isSame(_ row: Message, _ record: Message) -> Bool {
        let typed = record.descriptor.field("typed").flatMap { record.string($0) }
        return row.descriptor.fields.filter { $0.name != "typed" && (row.has($0) || record.has($0)) }.allSatisfy {
            isSame($0, of: row, record, typed: $0.name == "value" ? typed : nil)
        }
    }

    /// Whether a text is stored so, in one of the forms that the service gives to texts of some kinds. Swift's texts are equal however their
    /// characters are composed.
    private static func isSame(_ given: String, _ stored: String) -> Bool {
        let given = given.replacing("\r\n", with: "\n").trimmed
        if given == stored || RecordID(given)?.text == stored { return true }
        // Users sign in by theirs in either case.
        if given.contains("@"), given.lowercased() == stored { return true }
        return [MailAddress.normal(given), WebAddress.normal(given), Country.code(of: given)].contains(stored)
    }
}
