/// Splits CSV into records as bytes arrive (RFC 4180): fields separated by commas, quoted fields with doubled quotes and
/// line breaks inside, lines ended by LF or CRLF. A byte-order mark at the start is skipped; empty lines are left out.
struct CSVReader {
    struct Problem: Error, CustomStringConvertible {
        let line: Int
        let text: String
        var description: String { "line \(line): \(text)" }
    }

    /// A record and the line it began on, counted from 1.
    struct Record: Equatable {
        let line: Int
        let fields: [String]
    }

    /// Longest field. A missing closing quote would otherwise swallow the rest of the file.
    static let fieldBytesMax = 1 << 20

    private enum State { case fieldStart, plain, quoted, quoteInQuoted }

    private var state = State.fieldStart
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var line = 1
    private var recordLine = 1
    private var position = 0
    private var endedWithReturn = false

    /// Takes the next bytes of the file and gives the records that are complete with them.
    mutating func push(_ bytes: some Sequence<UInt8>) throws(Problem) -> [Record] {
        var records: [Record] = []
        for byte in bytes {
            if let record = try take(byte) { records.append(record) }
        }
        return records
    }

    /// Ends the file and gives the last record if it had no line break.
    mutating func finish() throws(Problem) -> Record? {
        if state == .quoted {
            throw Problem(line: recordLine, text: "a quoted field is not closed; add a \" to end it")
        }
        if state == .fieldStart, fields.isEmpty, field.isEmpty { return nil }
        return try endRecord()
    }

    private mutating func take(_ byte: UInt8) throws(Problem) -> Record? {
        defer { position += 1 }
        // The byte-order mark EF BB BF.
        if position < 3, byte == [0xef, 0xbb, 0xbf][position], position == field.count || position == 0 {
            field.append(byte)
            if position == 2 { field.removeAll() }
            return nil
        }
        switch state {
        case .quoted:
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { try append(byte) }
            return nil
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            state = .quoted
            try append(byte)
            return nil
        case .fieldStart where byte == UInt8(ascii: "\""):
            state = .quoted
            return nil
        case .fieldStart, .plain, .quoteInQuoted:
            return try takeOutsideQuotes(byte)
        }
    }

    private mutating func takeOutsideQuotes(_ byte: UInt8) throws(Problem) -> Record? {
        defer { endedWithReturn = byte == UInt8(ascii: "\r") }
        switch byte {
        case UInt8(ascii: ","):
            try endField()
            return nil
        case UInt8(ascii: "\n"):
            defer {
                line += 1
                recordLine = line
            }
            if endedWithReturn, state == .plain || state == .fieldStart, field.last == UInt8(ascii: "\r") {
                field.removeLast()
            }
            if fields.isEmpty, field.isEmpty, state != .quoteInQuoted {
                state = .fieldStart
                return nil
            }
            return try endRecord()
        case UInt8(ascii: "\r") where state == .quoteInQuoted:
            return nil
        default:
            if state == .quoteInQuoted {
                throw Problem(
                    line: line, text: "text follows the closing quote of a field; double quotes inside a field")
            }
            state = .plain
            try append(byte)
            return nil
        }
    }

    private mutating func append(_ byte: UInt8) throws(Problem) {
        guard field.count < CSVReader.fieldBytesMax else {
            throw Problem(line: recordLine, text: "a field is longer than 1 MiB; a closing quote may be missing")
        }
        field.append(byte)
    }

    private mutating func endField() throws(Problem) {
        guard let text = String(validating: field, as: UTF8.self) else {
            throw Problem(line: recordLine, text: "the text is not UTF-8; save the file as UTF-8")
        }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func endRecord() throws(Problem) -> Record {
        try endField()
        defer { fields.removeAll() }
        return Record(line: recordLine, fields: fields)
    }
}
