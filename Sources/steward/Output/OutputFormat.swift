import ArgumentParser
import Wire

/// How results are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}

/// Writes records in the format asked for.
struct RecordPrinter {
    let format: OutputFormat
    /// Names of the fields to show, paths allowed; empty shows `preferred`, in JSON everything.
    let columns: [String]

    /// Rows of a table or CSV; one JSON array.
    func show(_ records: [Message], of type: MessageDescriptor, preferred: [String]) throws {
        switch format {
        case .json where columns.isEmpty:
            Terminal.line(JSONText.array(records.map { MessageJSON.text($0) }))
        case .json:
            let fields = try columns.map { try field($0, in: type) }
            Terminal.line(
                JSONText.array(
                    records.map { record in
                        JSONText.object(fields.map { ($0.name, MessageJSON.value($0, of: record)) })
                    }))
        case .csv:
            let fields = try (columns.isEmpty ? type.fields.map(\.name) : columns).map { try field($0, in: type) }
            Terminal.line(fields.map { CSVText.quoted($0.name) }.joined(separator: ","))
            for record in records {
                Terminal.line(
                    fields.map { CSVText.quoted(FieldText.text($0, of: record)) }.joined(separator: ","))
            }
        case .table:
            try table(records, of: type, preferred: preferred)
        }
    }

    /// One record: its fields below each other, or JSON, or CSV of one row.
    func show(one record: Message) throws {
        guard format == .table else {
            if format == .json, columns.isEmpty { return Terminal.line(MessageJSON.text(record)) }
            return try show([record], of: record.descriptor, preferred: columns)
        }
        let fields =
            try columns.isEmpty
            ? record.descriptor.fields.filter { record.has($0) } : columns.map { try field($0, in: record.descriptor) }
        let width = fields.map(\.name.count).max() ?? 0
        for field in fields {
            let text = FieldText.text(field, of: record)
            Terminal.line("\(Style.dim(TextWidth.padded(field.name, to: width)))  \(text)")
        }
    }

    private func table(_ records: [Message], of type: MessageDescriptor, preferred: [String]) throws {
        let wanted = try (columns.isEmpty ? preferred : columns).map { try field($0, in: type) }
        // Columns that nobody asked for are left out where they hold nothing.
        let fields = wanted.filter { field in !columns.isEmpty || records.contains { $0.has(field) } }
        let table = Table(
            columns: fields.map { field in
                .init(
                    title: field.name.replacing("_", with: " "), alignsRight: isNumber(field),
                    keepsWidth: field.name == "id" || field.name.hasSuffix("_id"))
            },
            rows: records.map { record in fields.map { FieldText.text($0, of: record) } })
        guard !records.isEmpty else { return Terminal.note("nothing found") }
        for line in table.lines(width: Terminal.width) { Terminal.line(line) }
    }

    private func isNumber(_ field: FieldDescriptor) -> Bool {
        switch field.kind {
        case .string, .bytes, .bool, .enumeration: false
        case .message(let type): type.name == "steward.type.v1.Money"
        default: true
        }
    }

    private func field(_ name: String, in type: MessageDescriptor) throws -> FieldDescriptor {
        guard let field = type.field(name) else { throw MessageFill.unknown(name, in: type, path: "") }
        return field
    }
}

/// Fields of CSV (RFC 4180).
enum CSVText {
    static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\n\r".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
