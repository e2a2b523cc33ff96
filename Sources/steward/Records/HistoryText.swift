import IdentityContracts
import Wire

/// The changes of a record for people and for spreadsheets: a line for each field that a change changed.
struct HistoryText {
    private let changes: [Message]
    private let record: MessageDescriptor
    private let names: ReferenceNames

    /// The change itself tells them.
    private static let untold: Set<String> = ["id", "create_time", "delete_time"]

    /// Stands for a value that is not set.
    private static let nothing = "–"

    init(_ changes: [Message], of record: MessageDescriptor, names: ReferenceNames) {
        self.changes = changes
        self.record = record
        self.names = names
    }

    /// When, who, what was done and, for each field, from what to what. What a change has alone stands on its first line.
    func table() -> Table {
        var table = Table(columns: [
            .init(title: "version", alignsRight: true, keepsWidth: true), .init(title: "time", keepsWidth: true),
            .init(title: "who"), .init(title: "method"), .init(title: "change"),
        ])
        for change in changes {
            let edits = edits(of: change)
            let first = [text("version", change), text("change_time", change), who(change), text("method", change)]
            table.rows.append(first + [edits.first ?? ""])
            for edit in edits.dropFirst() { table.rows.append(["", "", "", "", edit]) }
        }
        return table
    }

    /// A header and a line for each field of each change, with values as they are.
    func csv(_ format: OutputFormat) -> [String] {
        let shared = ["version", "change_time", "method", "actor_id", "on_behalf_of_id", "purpose"]
        let mark = format == .sheet ? SheetText.mark : ""
        let header = mark + (shared + ["field", "before", "after"]).joined(separator: ",")
        return [header]
            + changes.flatMap { change in
                columns(of: change).map { column in
                    let values = ["before", "after"].map { side in
                        value(side, of: change).map { column.cell(of: $0, names) } ?? ""
                    }
                    let cells = shared.map { text($0, change) } + [column.name] + values
                    return cells.map { CSVText.quoted(format == .sheet ? SheetText.escaped($0) : $0) }
                        .joined(separator: ",")
                }
            }
    }

    /// A user, or a program with its purpose and for whom it worked.
    private func who(_ change: Message) -> String {
        func name(_ field: String) -> String {
            change.descriptor.field(field).map { names.text($0, User.noun, of: change) } ?? ""
        }
        let (purpose, principal) = (text("purpose", change).replacing("_", with: " "), name("on_behalf_of_id"))
        guard !purpose.isEmpty else { return name("actor_id") }
        return principal.isEmpty ? purpose : "\(purpose) for \(principal)"
    }

    private func edits(of change: Message) -> [String] {
        lifetime(of: change)
            + columns(of: change).filter { !Self.untold.contains($0.name) }.map { column in
                let column = column.told(in: record)
                guard let after = value("after", of: change) else { return "\(column.name): too long to be shown" }
                return Self.edit(column, from: value("before", of: change), to: after, names)
            }
    }

    /// That it was deleted, or brought back.
    private func lifetime(of change: Message) -> [String] {
        guard let time = columns(of: change).first(where: { $0.name == "delete_time" })?.field else { return [] }
        if value("after", of: change)?.has(time) == true { return ["deleted"] }
        return value("before", of: change)?.has(time) == true ? ["restored"] : []
    }

    /// A field with what it had before, if there was a record before, and what it has then.
    static func edit(
        _ column: RecordColumn, from before: Message?, to after: Message, _ names: ReferenceNames
    ) -> String {
        func shown(_ record: Message) -> String {
            column.isSet(in: record) ? column.text(of: record, names) : nothing
        }
        guard let before else { return "\(column.name): \(shown(after))" }
        return "\(column.name): \(shown(before)) → \(shown(after))"
    }

    /// The fields that it changed, those that the workspace has added included.
    private func columns(of change: Message) -> [RecordColumn] {
        let names = change.descriptor.field("changed_fields").map { change.strings($0) } ?? []
        return names.compactMap { try? RecordColumn.named($0, in: record) }
    }

    /// The record with the values on a side, before or after.
    private func value(_ side: String, of change: Message) -> Message? {
        change.descriptor.field(side).flatMap { change.message($0) }
    }

    private func text(_ name: String, _ change: Message) -> String {
        change.descriptor.field(name).map { FieldText.text($0, of: change) } ?? ""
    }
}
