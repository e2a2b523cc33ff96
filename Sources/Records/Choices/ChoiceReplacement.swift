import RPC
import Tenancy
import Wire

/// An entry of a choice list in the place of another, in a field of a record; of several that are chosen there, the others stay.
struct ChoiceReplacement: Sendable {
    let field: RecordField
    let from: String
    let into: String

    /// The edit of a record as it is: what others have made of it since does not matter, as long as it has the entry.
    func intent(for record: LoadedRecord) -> Intent {
        let sent = Message.make(record.type.message, in: record.message.arena)
        sent.setID(record.type.standard.id.descriptor, record.id)
        if field.descriptor.isRepeated {
            sent.setStrings(field.descriptor, replaced(field.chosen(in: record.message)))
        } else {
            sent.setString(field.descriptor, into)
        }
        return Intent(id: record.id, kind: .edit(Edit(id: record.id.text, sent: sent, fields: [field])))
    }

    /// Each once, in their order.
    private func replaced(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        return values.map { $0 == from ? into : $0 }.filter { seen.insert($0).inserted }
    }
}
