import Glibc

/// The file that an export writes, which has its name when it is complete; or standard output.
final class ExportTarget {
    /// Where it is written until then; nil for standard output.
    let partPath: String?
    private let path: String?
    private let stream: UnsafeMutablePointer<FILE>

    init(path: String?) throws(UsageProblem) {
        self.path = path
        partPath = path.map { "\($0).part" }
        guard let partPath else {
            guard let stream = fdopen(STDOUT_FILENO, "w") else { throw ExportTarget.problem("standard output") }
            self.stream = stream
            return
        }
        guard let stream = fopen(partPath, "w") else { throw ExportTarget.problem(partPath) }
        self.stream = stream
    }

    func write(_ text: String) throws(UsageProblem) {
        var text = text
        let isWritten = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stream) == $0.count }
        guard isWritten else { throw ExportTarget.problem(partPath ?? "standard output") }
    }

    /// All is written: the file gets its name.
    func complete() throws(UsageProblem) {
        guard fflush(stream) == 0 else { throw ExportTarget.problem(partPath ?? "standard output") }
        guard let path, let partPath else { return }
        guard fclose(stream) == 0, rename(partPath, path) == 0 else { throw ExportTarget.problem(path) }
    }

    private static func problem(_ path: String) -> UsageProblem {
        UsageProblem(
            "\(TerminalText.oneLine(path)) cannot be written: \(String(cString: strerror(errno)))",
            cure: "see whether the folder is there, may be written, and has room")
    }
}
