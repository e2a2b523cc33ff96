import ArgumentParser
import Contracts
import Wire

/// How results are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    /// `sheet` is CSV for spreadsheet programs, see `SheetText`.
    case table, json, csv, sheet

    var isCSV: Bool { self == .csv || self == .sheet }
}

/// Writes records in the format asked for.
///
/// Values go out as they are, in CSV too: a program that reads them back must get what was stored. Spreadsheets run texts that begin
/// with = + - or @ as formulas; for them there is `sheet`.
struct RecordPrinter {
    let format: OutputFormat
    /// Names of the columns to show: fields, and names of other records, as in stage; empty shows `preferred`, in JSON and CSV all
    /// fields.
    let columns: [String]
    /// Shows ids of other records where their names would stand.
    var showsIDs = false
    /// The fields that the workspace has added: each is a column of CSV of its own, and tables show their labels and those of what was chosen. Nil
    /// where they are one value.
    var custom: CustomFieldKinds?
    /// What a table tells in place of a value; nil for the value.
    var told: (RecordColumn, Message) -> String? = { _, _ in nil }

    /// The columns of several records.
    func selected(of type: MessageDescriptor, preferred: [String]) throws -> [RecordColumn] {
        let names = !columns.isEmpty ? columns : format == .table ? preferred : allNames(of: type)
        return try names.map { name in
            if CustomFieldKinds.isPath(name, in: type) { try custom?.require(name) }
            let column = try RecordColumn.named(name, in: type)
            if case .custom(let path, let list, _) = column, !showsIDs, format == .table {
                return .custom(path, list, custom?.noun(of: path))
            }
            guard showsIDs, case .reference(_, let field, _) = column else { return column }
            return .field(field)
        }
    }

    private func allNames(of type: MessageDescriptor) -> [String] {
        type.fields.flatMap { field in
            field.name == "custom_fields" ? custom?.paths ?? [field.name] : [field.name]
        }
    }

    /// The columns of one record in a table: all that are set, unless others are asked for.
    func selected(of record: Message) throws -> [RecordColumn] {
        guard columns.isEmpty else { return try selected(of: record.descriptor, preferred: []) }
        return record.descriptor.fields.filter { record.has($0) }.flatMap { field -> [RecordColumn] in
            guard field.name == "custom_fields" else { return [.field(field)] }
            return CustomFieldKinds.paths(in: record).map { .custom($0, field, nil) }
        }
    }

    /// Rows of a table or CSV; one JSON array.
    func show(
        _ records: [Message], of type: MessageDescriptor, preferred: [String], names: ReferenceNames = .none
    ) throws {
        let selected = try selected(of: type, preferred: preferred)
        switch format {
        case .json where columns.isEmpty:
            Terminal.line(JSONText.array(records.map { MessageJSON.text($0) }))
        case .json:
            Terminal.line(JSONText.array(records.map { Self.json($0, selected, names) }))
        case .csv, .sheet:
            Terminal.line(csvHeader(selected))
            for record in records {
                Terminal.line(selected.map { CSVText.quoted(cell($0, of: record, names)) }.joined(separator: ","))
            }
        case .table:
            guard !records.isEmpty else { return Terminal.note("nothing found") }
            let (table, leftOut) = table(records, selected, names).fitting(Terminal.width)
            for line in table.lines(width: Terminal.width) { Terminal.line(line) }
            if !leftOut.isEmpty {
                Terminal.note(
                    "no room for \(leftOut.joined(separator: ", ")): --columns chooses columns, get shows all")
            }
        }
    }

    /// One record: its fields below each other, or JSON, or CSV of one row.
    func show(one record: Message, names: ReferenceNames = .none) throws {
        guard format == .table else {
            if format == .json {
                return Terminal.line(
                    columns.isEmpty
                        ? MessageJSON.text(record) : Self.json(record, try selected(of: record), names))
            }
            return try show([record], of: record.descriptor, preferred: columns, names: names)
        }
        let selected = try selected(of: record)
        let width = selected.map { TextWidth.columns($0.name) }.max() ?? 0
        for column in selected {
            let value = told(column, record) ?? Self.named(column, of: record, names)
            let text = label(column, record).map { "\(value)  \($0)" } ?? value
            Terminal.line(
                "\(Style.dim(TextWidth.padded(column.name, to: width)))  \(TerminalText.hanging(text, at: width + 2))")
        }
        if columns.isEmpty, let address = AddressText.text(of: record) {
            let title = TextWidth.padded(AddressText.title, to: width)
            Terminal.line("\(Style.dim(title))  \(TerminalText.hanging(address, at: width + 2))")
        }
    }

    /// The value, and behind the ids of other records what these are called.
    private static func named(_ column: RecordColumn, of record: Message, _ names: ReferenceNames) -> String {
        let text = column.text(of: record, names)
        guard case .field(let field) = column,
            let reference = RecordColumn.reference(of: field, in: record.descriptor),
            case let name = reference.text(of: record, names), name != text
        else { return text }
        return "\(text)  \(TerminalText.oneLine(name))"
    }

    static func json(_ record: Message, _ columns: [RecordColumn], _ names: ReferenceNames) -> String {
        JSONText.object(
            columns.map { column in
                guard case .reference(let name, let field, let noun) = column else {
                    guard case .field(let field) = column else {
                        let value = column.customValue(in: record)
                        return (column.name, value.map { MessageJSON.value($0.field, of: $0.item) } ?? "null")
                    }
                    return (field.name, MessageJSON.value(field, of: record))
                }
                return (name, record.has(field) ? JSONText.quoted(names.text(field, noun, of: record)) : "null")
            })
    }

    private func table(_ records: [Message], _ wanted: [RecordColumn], _ names: ReferenceNames) -> Table {
        // Columns that nobody asked for are left out where they hold nothing.
        let shown = wanted.filter { column in !columns.isEmpty || records.contains { column.isSet(in: $0) } }
        return Table(
            columns: shown.enumerated().map { index, column in
                let isID = column.name == "id" || column.name.hasSuffix("_id")
                let isNumber = column.isNumber(in: records)
                return .init(
                    title: title(of: column), alignsRight: isNumber,
                    keepsWidth: isID || isNumber || isTime(column),
                    dispensability: columns.isEmpty ? (isID ? shown.count : 0) + index : nil)
            },
            rows: records.map { record in
                shown.map { told($0, record) ?? label($0, record) ?? $0.text(of: record, names) }
            })
    }

    /// What people call what was chosen in a column; nil for the value.
    private func label(_ column: RecordColumn, _ record: Message) -> String? {
        showsIDs ? nil : custom?.choices.text(column, of: record).map(TerminalText.oneLine)
    }

    private func title(of column: RecordColumn) -> String {
        guard case .custom(let path, _, _) = column else { return column.name.replacing("_", with: " ") }
        return custom?.label(path) ?? path
    }

    /// The first line of CSV. A spreadsheet program knows by the mark that the file is UTF-8.
    func csvHeader(_ columns: [RecordColumn]) -> String {
        (format == .sheet ? SheetText.mark : "") + columns.map { CSVText.quoted($0.name) }.joined(separator: ",")
    }

    /// The value as a cell of CSV.
    func cell(_ column: RecordColumn, of record: Message, _ names: ReferenceNames) -> String {
        let text = column.cell(of: record, names)
        return format == .sheet && !column.isNumber(in: [record]) ? SheetText.escaped(text) : text
    }

    private func isTime(_ column: RecordColumn) -> Bool {
        if let kind = custom?.kind(of: column) { return [.date, .time].contains(kind) }
        guard case .field(let field) = column else { return false }
        // A day is a text of ten characters.
        if case .string = field.kind { return field.name.hasSuffix("_date") }
        if case .message(let type) = field.kind { return type.name == "google.protobuf.Timestamp" }
        return false
    }

}

/// Texts for spreadsheet programs, which take for a formula what begins with = + - @, a tab or a return, whoever wrote it (OWASP: CSV
/// injection). Such a text gets an apostrophe before it. So does, inside a text, what would begin a cell to a program that splits at
/// semicolons or tabs, as some do by the language of their user, or heeds no quotes. Where apostrophes or quotes come before such a
/// character there is one more, so that `plain` gives back what was there.
enum SheetText {
    static let mark = "\u{feff}"

    static func escaped(_ text: String) -> String {
        rewritten(text) { cell, isFirst, result in
            if isInDoubt(cell, isFirst) { result.append("'") }
            result += cell
        }
    }

    /// A spreadsheet program might run it, or a part of it.
    static func isRisk(_ text: String) -> Bool { escaped(text).utf8.count > text.utf8.count }

    /// What was escaped; any other text as it is.
    static func plain(_ text: String) -> String {
        rewritten(text) { cell, isFirst, result in
            let rest = cell.dropFirst()
            result += cell.first == "'" && isInDoubt(rest, isFirst) ? rest : cell
        }
    }

    private typealias Cell = Substring.UnicodeScalarView

    /// Cell by cell, as a program sees them that knows no quotes; each is with the separator that ends it.
    private static func rewritten(
        _ text: String, _ rewrite: (Cell, _ isFirst: Bool, _ result: inout String.UnicodeScalarView) -> Void
    ) -> String {
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            let next = rest.firstIndex(where: separates).map { rest.index(after: $0) } ?? rest.endIndex
            rewrite(rest[..<next], rest.startIndex == text.startIndex, &result)
            rest = rest[next...]
        }
        return String(result)
    }

    private static func separates(_ scalar: Unicode.Scalar) -> Bool { ",;\t\r\n".unicodeScalars.contains(scalar) }

    /// Lines that are indented with tabs stay as they are: a tab separates, or is at the very beginning.
    private static func isInDoubt(_ cell: Cell, _ isFirst: Bool) -> Bool {
        switch cell.first(where: { $0 != "'" && $0 != "\"" }) {
        case "=", "+", "-", "@", "＝", "＋", "－", "＠": true
        case "\t", "\r": isFirst
        default: false
        }
    }
}

/// Fields of CSV (RFC 4180). In quotes, too, is what would be several fields to a program that splits at semicolons or tabs.
enum CSVText {
    static func quoted(_ text: String) -> String {
        // By scalars: a quote that carries an accent is a quote to whoever reads.
        let scalars = text.unicodeScalars
        guard scalars.contains(where: { ",;\t\r\n\"".unicodeScalars.contains($0) }) else { return text }
        let parts = scalars.split(separator: "\"", omittingEmptySubsequences: false).map { String($0) }
        return "\"" + parts.joined(separator: "\"\"") + "\""
    }
}
