import Glibc

/// A CSV file with what happened to each row of an import. It grows by whole lines, those of a batch at once, so that it is
/// readable whenever the import ends.
final class ImportReport {
    private let path: String
    private let file: Int32
    /// Bytes of whole lines in the file.
    private var size: off_t = 0

    /// Room that there must be for a row before it is sent: a disk that is full stops the import before, not behind.
    private static let bytesPerRow = 512

    /// - Parameter source: the file that is imported, which a report must not overwrite.
    init(path: String, source: String) throws {
        file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        self.path = path
        guard file >= 0 else {
            throw UsageProblem(
                "the report \(path) cannot be written: \(String(cString: strerror(errno)))", cure: "name another file")
        }
        var (own, other) = (stat(), stat())
        if fstat(file, &own) == 0, stat(source, &other) == 0, own.st_ino == other.st_ino, own.st_dev == other.st_dev {
            throw UsageProblem("the report would overwrite \(source)", cure: "name another file")
        }
        // A pipe or a device has no size.
        guard own.st_mode & S_IFMT != S_IFREG || ftruncate(file, 0) == 0 else { throw incomplete() }
        // A limit on file sizes is an error like a full disk, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        try write([["line", "result", "id", "column", "reason", "message"]])
    }

    deinit { if file >= 0 { Glibc.close(file) } }

    /// Makes sure that there is room for so many rows, where the file system can tell.
    func checkRoom(rows: Int) throws {
        let code = posix_fallocate(file, size, off_t(rows * Self.bytesPerRow))
        if code == 0 { _ = ftruncate(file, size) }
        guard [ENOSPC, EDQUOT, EFBIG].contains(code) else { return }
        throw UsageProblem(
            "there is no room for the report \(path): \(String(cString: strerror(code)))",
            cure: "free disk space and run the same command again, or name a file on another disk")
    }

    func add(_ outcomes: [RowOutcome]) throws {
        try write(
            outcomes.flatMap { outcome in
                outcome.faults.map {
                    [String(outcome.line), outcome.result.rawValue, outcome.id, $0.column, $0.reason, $0.text]
                }
            })
    }

    /// A line for each column that nothing is made of, since the service sets its field.
    func addLeftOut(_ columns: [String]) throws {
        try write(columns.map { ["1", "left out", "", $0, "FIELD_OUTPUT_ONLY", "the service sets this field"] })
    }

    /// A last line for the rows that were not tried, from this one on if it is known.
    func addUntried(from line: Int?, why: String) throws {
        try write([[line.map(String.init) ?? "", "not tried", "", "", "", "this row and all after it: \(why)"]])
    }

    /// Throws when the disk did not take everything.
    func close() throws {
        guard fsync(file) == 0 || errno == EINVAL else { throw incomplete() }
    }

    private func write(_ rows: [[String]]) throws {
        let text = rows.map { $0.map { CSVText.quoted($0) }.joined(separator: ",") + "\n" }.joined()
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + sent, $0.count - sent) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let problem = incomplete()
                _ = ftruncate(file, size)
                throw problem
            }
            sent += count
        }
        size += off_t(bytes.count)
    }

    private func incomplete() -> UsageProblem {
        UsageProblem(
            "the report \(path) cannot be written: \(String(cString: strerror(errno)))",
            cure: "free disk space and run the same command again, or name another file")
    }
}
