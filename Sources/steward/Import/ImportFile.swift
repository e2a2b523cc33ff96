import Glibc

/// The bytes of a file as UTF-8, read in pieces.
final class ImportFile {
    struct Options: Equatable {
        /// Nil: found out from the first bytes.
        var encoding: TextEncoding?
        /// Nil: found out from the header line.
        var delimiter: UInt8?
        /// Cells are as --output sheet writes them.
        var isSheet = false
    }

    /// What was found out or told.
    struct Format: Equatable {
        let encoding: TextEncoding
        let delimiter: UInt8

        /// As in: UTF-16LE, separated by tabs.
        var text: String {
            let names: [UInt8: String] = [
                UInt8(ascii: ","): "commas", UInt8(ascii: ";"): "semicolons", UInt8(ascii: "\t"): "tabs",
                UInt8(ascii: "|"): "bars",
            ]
            return "\(encoding.name), separated by \(names[delimiter] ?? String(UnicodeScalar(delimiter)))"
        }

        static let usual = Format(encoding: .utf8, delimiter: UInt8(ascii: ","))
    }

    let path: String
    let format: Format
    /// Size of the file in bytes; 0 for a pipe.
    let byteCount: Int
    private(set) var bytesRead = 0

    private let stream: UnsafeMutablePointer<FILE>
    private var converter: TextConverter?
    /// The first piece, which was looked at to find out the format.
    private var first: [UInt8]?

    private static let pieceBytes = 64 * 1024
    static let delimiters = Array(",;\t|".utf8)

    init(path: String, options: Options) throws {
        guard let stream = fopen(path, "re") else {
            throw UsageProblem(
                "\(path) cannot be read: \(String(cString: strerror(errno)))", cure: "check the file name")
        }
        self.stream = stream
        self.path = path
        var status = stat()
        fstat(fileno(stream), &status)
        byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
        let head = try Self.piece(of: stream, path)
        first = head
        if let binary = TextEncoding.knownBinary(head) {
            throw UsageProblem("\(path) is \(binary), not CSV", cure: "save or unpack it as CSV in UTF-8")
        }
        let encoding = options.encoding ?? TextEncoding.detect(head)
        converter = Self.converter(from: encoding)
        let start = Self.converter(from: encoding)?.convert(head, isLast: false).text ?? head
        format = Format(encoding: encoding, delimiter: options.delimiter ?? Self.delimiter(of: start))
    }

    deinit { fclose(stream) }

    /// Whether it can be read twice.
    var isRegular: Bool { byteCount > 0 }

    /// Goes back to the beginning.
    func rewind() throws {
        guard fseek(stream, 0, SEEK_SET) == 0 else {
            throw UsageProblem("\(path) cannot be read twice", cure: "copy it to a file")
        }
        first = nil
        bytesRead = 0
        converter = Self.converter(from: format.encoding)
    }

    /// The next bytes, empty at the end; `bad` are bytes that are no character of the encoding and end what can be read.
    func next() throws -> (text: [UInt8], bad: [UInt8]?, isLast: Bool) {
        let piece = try first ?? Self.piece(of: stream, path)
        first = nil
        bytesRead += piece.count
        guard let converter else { return (piece, nil, piece.isEmpty) }
        let (text, bad) = converter.convert(piece, isLast: piece.isEmpty)
        return (text, bad, piece.isEmpty)
    }

    /// Nil for UTF-8, which is passed on as it is and checked field by field.
    private static func converter(from encoding: TextEncoding) -> TextConverter? {
        encoding.isUTF8 ? nil : TextConverter(from: encoding.name)
    }

    private static func piece(of stream: UnsafeMutablePointer<FILE>, _ path: String) throws -> [UInt8] {
        let piece = [UInt8](unsafeUninitializedCapacity: pieceBytes) { buffer, count in
            count = fread(buffer.baseAddress, 1, pieceBytes, stream)
        }
        guard piece.count == pieceBytes || ferror(stream) == 0 else {
            throw UsageProblem(
                "\(path) cannot be read: \(String(cString: strerror(errno)))", cure: "name a file, and check the disk")
        }
        return piece
    }

    /// What stands most often between the names of the first line, outside of quotes; a comma when nothing does.
    private static func delimiter(of text: [UInt8]) -> UInt8 {
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        var hasText = false
        for byte in text {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if hasText { break }
                continue
            }
            hasText = true
            if !isQuoted, delimiters.contains(byte) { counts[byte, default: 0] += 1 }
        }
        return delimiters.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? delimiters[0]
    }
}
