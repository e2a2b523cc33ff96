import Glibc

/// A CSV file with what happened to each row of an import.
final class ImportReport {
    private let path: String
    private let stream: UnsafeMutablePointer<FILE>

    init(path: String) throws {
        guard let stream = fopen(path, "we") else {
            throw UsageProblem(
                "the report \(path) cannot be written: \(String(cString: strerror(errno)))", cure: "name another file")
        }
        self.path = path
        self.stream = stream
        try write(["line", "result", "detail", "message"])
    }

    deinit { fclose(stream) }

    func add(line: Int, result: String, detail: String, message: String) throws {
        try write([String(line), result, detail, message])
    }

    /// Throws when the disk did not take everything.
    func close() throws {
        guard fflush(stream) == 0 else { throw incomplete() }
    }

    private func write(_ fields: [String]) throws {
        let text = fields.map { CSVText.quoted($0) }.joined(separator: ",") + "\n"
        guard fputs(text, stream) >= 0 else { throw incomplete() }
    }

    private func incomplete() -> UsageProblem {
        UsageProblem("the report \(path) is incomplete: \(String(cString: strerror(errno)))", cure: "free disk space")
    }
}
