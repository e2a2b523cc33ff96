import StewardClient
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

    /// The fields that a row sets and the record holds otherwise.
    static func differences(_ row: Message, _ record: Message) -> [String] {
        row.descriptor.fields.filter { row.has($0) && stored($0, of: row) != stored($0, of: record) }.map(\.name)
    }

    /// The value in the form in which texts are stored. Swift's texts are equal however their characters are composed.
    private static func stored(_ field: FieldDescriptor, of message: Message) -> String {
        guard case .string = field.kind, !field.isRepeated else { return MessageJSON.value(field, of: message) }
        let text = (message.string(field) ?? "").replacing("\r\n", with: "\n").trimmed
        return field.name == "email" ? text.lowercased() : text
    }
}
