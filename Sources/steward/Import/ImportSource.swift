import Wire

/// A CSV file whose header names fields of a record type. Read in pieces: its size does not matter.
final class ImportSource {
    let record: MessageDescriptor
    let header: ImportHeader
    let file: ImportFile
    /// Rows of the whole file; nil for a pipe, which cannot be read twice.
    private(set) var rowCount: Int?

    private let isSheet: Bool
    private var reader: CSVReader
    private var waiting: [CSVReader.Record] = []
    private var isAtEnd = false
    /// Met behind the rows that wait.
    private var problem: UsageProblem?

    /// Reads the whole file once, if it is one, before anything is imported: what is wrong with its form is known before the
    /// first record is made.
    ///
    /// - Parameter custom: what the workspace has added to such records.
    init(
        path: String, record: MessageDescriptor, _ custom: CustomFieldKinds? = nil,
        options: ImportFile.Options = .init()
    ) throws {
        self.record = record
        isSheet = options.isSheet
        file = try ImportFile(path: path, options: options)
        reader = CSVReader(delimiter: file.format.delimiter)
        var head: [CSVReader.Record] = []
        var failure: UsageProblem?
        Self.read(1, from: file, by: &reader, to: &head, isAtEnd: &isAtEnd, problem: &failure, columnName: { _ in "" })
        if let failure, head.isEmpty { throw failure }
        guard let names = head.first?.fields, names.contains(where: { !$0.trimmed.isEmpty }) else {
            throw UsageProblem("\(path) is empty", cure: "write the names of the fields into its first line")
        }
        header = try ImportHeader(names, of: record, custom)
        waiting = Array(head.dropFirst()).filter(Self.isRow)
        problem = failure
        if file.isRegular { try check() }
    }

    /// The line of the next row, if it has been read.
    var nextLine: Int? { waiting.first?.line }

    /// The next rows, at most `count` and together at most `bytes` (but one at least); none at the end of the file. Throws
    /// when all rows before the problem have been given.
    func nextRows(_ count: Int, bytes: Int = .max) throws -> [CSVReader.Record] {
        if waiting.count < count, !isAtEnd, problem == nil {
            Self.read(
                count, from: file, by: &reader, to: &waiting, isAtEnd: &isAtEnd, problem: &problem,
                columnName: { [header] in $0 < header.columns.count ? header.columns[$0].name : "" })
        }
        if waiting.isEmpty, let problem { throw problem }
        var taken = 0
        var size = 0
        while taken < min(count, waiting.count) {
            size += waiting[taken].byteCount
            guard taken == 0 || size <= bytes else { break }
            taken += 1
        }
        defer { waiting.removeFirst(taken) }
        guard isSheet else { return Array(waiting.prefix(taken)) }
        return waiting.prefix(taken).map { .init(line: $0.line, fields: $0.fields.map(SheetText.plain)) }
    }

    /// Reads everything, counts the rows, and begins anew.
    private func check() throws {
        var rows = 0
        do {
            while case let records = try nextRows(1_000), !records.isEmpty { rows += records.count }
        } catch let problem as UsageProblem {
            throw UsageProblem("\(problem.text); nothing was imported", cure: problem.cure)
        }
        rowCount = rows
        try file.rewind()
        (waiting, isAtEnd, problem) = ([], false, nil)
        reader = CSVReader(delimiter: file.format.delimiter)
        _ = try nextRows(1)
    }

    /// A line that holds delimiters and nothing else, as spreadsheets write below their data, is no row.
    private static func isRow(_ record: CSVReader.Record) -> Bool {
        record.fields.contains { !$0.trimmed.isEmpty }
    }

    private static func read(
        _ count: Int, from file: ImportFile, by reader: inout CSVReader, to records: inout [CSVReader.Record],
        isAtEnd: inout Bool, problem: inout UsageProblem?, columnName: (Int) -> String
    ) {
        do {
            while records.count < count, !isAtEnd {
                let (text, bad, isLast) = try file.next()
                try reader.push(text) { if isRow($0) { records.append($0) } }
                if let bad { throw noCharacter(bad, file, line: reader.line) }
                if isLast {
                    isAtEnd = true
                    if let last = try reader.finish(), isRow(last) { records.append(last) }
                }
            }
        } catch let broken as CSVReader.Problem {
            problem = Self.problem(broken, columnName(broken.column), file)
        } catch {
            problem = error as? UsageProblem ?? UsageProblem("\(error)", cure: "mend the file")
        }
    }

    private static func noCharacter(_ bytes: [UInt8], _ file: ImportFile, line: Int) -> UsageProblem {
        UsageProblem(
            "\(file.path), line \(line): the byte \(hex(bytes)) is no character of \(file.format.encoding.name)",
            cure: "save the file as UTF-8, or name its encoding with --encoding")
    }

    private static func problem(_ broken: CSVReader.Problem, _ column: String, _ file: ImportFile) -> UsageProblem {
        let place = "\(file.path), line \(broken.line)" + (column.isEmpty ? "" : ", column \(column)")
        guard !broken.bytes.isEmpty else { return UsageProblem("\(place): \(broken.text)", cure: "mend that line") }
        let isolated = broken.bytes.filter { $0 >= 0x80 }
        let likely = TextEncoding.likely(broken.bytes)
        return UsageProblem(
            "\(place): the bytes \(hex(Array(isolated.prefix(4)))) are not UTF-8"
                + (likely.map { "; in \($0.name) they read \"\($0.sample)\"" } ?? ""),
            cure: "save the file as UTF-8, or name its encoding, as in --encoding \(likely?.name ?? "windows-1252")")
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    }
}
