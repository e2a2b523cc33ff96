import Glibc
import Wire

/// A CSV file whose header names fields of a record type. Read in pieces: its size does not matter.
final class ImportSource {
    let record: MessageDescriptor
    /// Size of the file in bytes.
    let byteCount: Int
    private(set) var bytesRead = 0
    private(set) var header: [String] = []

    private let stream: UnsafeMutablePointer<FILE>
    private var reader = CSVReader()
    private var waiting: [CSVReader.Record] = []
    private var isAtEnd = false

    private static let pieceBytes = 64 * 1024

    init(path: String, record: MessageDescriptor) throws {
        guard let stream = fopen(path, "re") else {
            throw UsageProblem(
                "\(path) cannot be read: \(String(cString: strerror(errno)))", cure: "check the file name")
        }
        self.stream = stream
        self.record = record
        var status = stat()
        fstat(fileno(stream), &status)
        byteCount = Int(status.st_size)
        header = try nextRows(1).first?.fields ?? []
        guard !header.isEmpty else {
            throw UsageProblem("\(path) is empty", cure: "write the names of the fields into its first line")
        }
        for name in header where !name.isEmpty { try check(name) }
    }

    deinit { fclose(stream) }

    /// The next rows, at most `count`; none at the end of the file.
    func nextRows(_ count: Int) throws -> [CSVReader.Record] {
        do {
            while waiting.count < count, !isAtEnd {
                let piece = readPiece()
                bytesRead += piece.count
                waiting += try reader.push(piece)
                if piece.isEmpty {
                    isAtEnd = true
                    if let last = try reader.finish() { waiting.append(last) }
                }
            }
        } catch {
            throw UsageProblem("\(error)", cure: "mend the file; the rows before that line are imported")
        }
        defer { waiting.removeFirst(min(count, waiting.count)) }
        return Array(waiting.prefix(count))
    }

    private func readPiece() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            count = fread(buffer.baseAddress, 1, Self.pieceBytes, stream)
        }
    }

    private func check(_ name: String) throws {
        if ReferenceResolver.path(name, in: record) != nil { return }
        let field = String(name.prefix { $0 != "." })
        guard record.field(field) != nil else { throw MessageFill.unknown(name, in: record, path: "header") }
    }
}
