/// Splits CSV into records as bytes of UTF-8 arrive (RFC 4180 and what programs make of it): fields separated by a delimiter,
/// quoted fields with doubled quotes and line breaks inside, blanks around the quotes, lines ended by LF, CRLF or CR. A
/// byte-order mark at the start is skipped; empty lines are left out.
struct CSVReader {
    struct Problem: Error, CustomStringConvertible {
        let line: Int
        /// Position of the field in its record, from 0.
        let column: Int
        let text: String
        /// The field, when its bytes are not UTF-8.
        var bytes: [UInt8] = []
        var description: String { "line \(line): \(text)" }
    }

    /// A record and the line it began on, counted from 1.
    struct Record: Equatable {
        let line: Int
        let fields: [String]

        /// The bytes of its fields.
        var byteCount: Int { fields.reduce(0) { $0 + $1.utf8.count } }
    }

    /// Longest field, and all fields of a record. A missing closing quote would otherwise swallow the rest of the file.
    static let fieldBytesMax = 1 << 20
    static let recordBytesMax = 4 << 20
    /// More columns than any record type has fields.
    static let fieldCountMax = 1_000

    private enum State { case mark, fieldStart, plain, quoted, quoteInQuoted, afterQuote }

    private let delimiter: UInt8
    private var state = State.mark
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var recordBytes = 0
    private(set) var line: Int
    private var recordLine: Int
    private var endedWithReturn = false

    /// - Parameter line: number of the first line.
    init(delimiter: UInt8 = UInt8(ascii: ","), line: Int = 1) {
        self.delimiter = delimiter
        self.line = line
        recordLine = line
    }

    /// Takes the next bytes of the file and gives the records that are complete with them.
    mutating func push(_ bytes: some Sequence<UInt8>) throws(Problem) -> [Record] {
        var records: [Record] = []
        try push(bytes) { records.append($0) }
        return records
    }

    /// The same, record by record: those before a problem are given before it is thrown.
    mutating func push(_ bytes: some Sequence<UInt8>, _ give: (Record) -> Void) throws(Problem) {
        for byte in bytes {
            if let record = try take(byte) { give(record) }
        }
    }

    /// Ends the file and gives the last record if it had no line break.
    mutating func finish() throws(Problem) -> Record? {
        guard state != .quoted else { throw problem("a quoted field is not closed; add a \" to end it") }
        let isNothing = fields.isEmpty && field.isEmpty && (state == .fieldStart || state == .mark)
        return isNothing ? nil : try endRecord()
    }

    private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]

    private mutating func take(_ byte: UInt8) throws(Problem) -> Record? {
        if state == .mark {
            // The mark EF BB BF, or a part of it, or something else.
            if field.count < Self.mark.count, byte == Self.mark[field.count] {
                field.append(byte)
                if field.count == Self.mark.count {
                    field.removeAll()
                    state = .fieldStart
                }
                return nil
            }
            state = field.isEmpty ? .fieldStart : .plain
        }
        switch state {
        case .quoted:
            countLines(byte)
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { try append(byte) }
            return nil
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            state = .quoted
            try append(byte)
            return nil
        case .fieldStart where byte == UInt8(ascii: "\""), .plain where byte == UInt8(ascii: "\"") && isBlank:
            field.removeAll(keepingCapacity: true)
            state = .quoted
            endedWithReturn = false
            return nil
        default:
            return try takeOutsideQuotes(byte)
        }
    }

    private mutating func takeOutsideQuotes(_ byte: UInt8) throws(Problem) -> Record? {
        let followsReturn = endedWithReturn
        endedWithReturn = false
        switch byte {
        case delimiter:
            try endField()
            return nil
        case UInt8(ascii: "\n") where followsReturn:
            return nil
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            endedWithReturn = byte == UInt8(ascii: "\r")
            return try endLine()
        default:
            guard state != .quoteInQuoted && state != .afterQuote else {
                guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") else {
                    throw problem(
                        "text follows the closing quote of a field; write a quote inside a field twice, as in \"\"")
                }
                state = .afterQuote
                return nil
            }
            state = .plain
            try append(byte)
            return nil
        }
    }

    private mutating func endLine() throws(Problem) -> Record? {
        defer {
            line += 1
            recordLine = line
        }
        guard !fields.isEmpty || !field.isEmpty || state == .quoteInQuoted || state == .afterQuote else {
            state = .fieldStart
            return nil
        }
        return try endRecord()
    }

    /// Line breaks inside of quotes: CRLF is one.
    private mutating func countLines(_ byte: UInt8) {
        if byte == UInt8(ascii: "\n") && !endedWithReturn || byte == UInt8(ascii: "\r") { line += 1 }
        endedWithReturn = byte == UInt8(ascii: "\r")
    }

    private var isBlank: Bool { field.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

    private mutating func append(_ byte: UInt8) throws(Problem) {
        guard field.count < Self.fieldBytesMax, recordBytes < Self.recordBytesMax else {
            throw problem("a field is longer than 1 MiB, or a row than 4 MiB; a closing quote may be missing")
        }
        recordBytes += 1
        field.append(byte)
    }

    private mutating func endField() throws(Problem) {
        guard fields.count < Self.fieldCountMax else {
            throw problem("a row has more than \(Self.fieldCountMax) fields; check what separates them")
        }
        guard let text = String(validating: field, as: UTF8.self) else {
            var problem = problem("the bytes are not UTF-8")
            problem.bytes = field
            throw problem
        }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRecord() throws(Problem) -> Record {
        try endField()
        defer {
            fields.removeAll()
            recordBytes = 0
        }
        return Record(line: recordLine, fields: fields)
    }

    private func problem(_ text: String) -> Problem { Problem(line: recordLine, column: fields.count, text: text) }
}
