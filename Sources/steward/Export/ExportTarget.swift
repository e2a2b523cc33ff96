import FoundationEssentials
import Glibc

/// The file that an export writes: under a name that only it has, in the same folder, until it is complete. Or standard output, or what
/// else is no file but a pipe or a device: these are written as they are.
final class ExportTarget {
    /// Where it is written until it is complete; nil for what is no file.
    let partPath: String?
    /// Where it goes on; nil for one that begins.
    let begun: ExportPlace?
    let path: String?
    private let stream: UnsafeMutablePointer<FILE>
    /// An interrupted one can go on.
    private(set) var canGoOn = false

    private init(
        path: String?, partPath: String?, begun: ExportPlace? = nil, descriptor: Int32
    ) throws(UsageProblem) {
        guard descriptor >= 0, let stream = fdopen(descriptor, "w") else {
            throw ExportTarget.problem(partPath ?? path ?? Self.standardOutput)
        }
        (self.path, self.partPath, self.begun, self.stream) = (path, partPath, begun, stream)
        canGoOn = begun != nil
    }

    convenience init(path: String?) throws(UsageProblem) {
        guard let path else {
            try self.init(path: nil, partPath: nil, descriptor: STDOUT_FILENO)
            return
        }
        guard !Self.isOther(path) else {
            try self.init(path: path, partPath: nil, descriptor: open(path, O_WRONLY | O_CLOEXEC))
            return
        }
        let mark = String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)
        let partPath = "\(path).\(mark)\(Self.partSuffix)"
        let descriptor = open(partPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        try self.init(path: path, partPath: partPath, descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Self.inUse(partPath) }
    }

    /// Goes on with a part that was left.
    convenience init(goingOnWith partPath: String) throws(UsageProblem) {
        let place = try Self.place(of: partPath)
        let descriptor = open(partPath, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.problem(partPath) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Self.inUse(partPath) }
        guard lseek(descriptor, 0, SEEK_END) >= place.bytes else {
            throw UsageProblem(
                "\(TerminalText.oneLine(partPath)) is shorter than the \(place.bytes) bytes that were written",
                cure: "begin the export again")
        }
        guard ftruncate(descriptor, place.bytes) == 0, lseek(descriptor, 0, SEEK_END) == place.bytes else {
            throw Self.problem(partPath)
        }
        try self.init(path: Self.path(of: partPath), partPath: partPath, begun: place, descriptor: descriptor)
    }

    func write(_ text: String) throws(UsageProblem) {
        var text = text
        let isWritten = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stream) == $0.count }
        guard isWritten else { throw ExportTarget.problem(partPath ?? path ?? Self.standardOutput) }
    }

    /// What was written so far stays useful, however the program ends.
    func keep(_ place: ExportPlace) throws(UsageProblem) {
        guard let partPath else { return }
        var place = place
        guard fflush(stream) == 0, case let bytes = ftello(stream), bytes >= 0 else { throw Self.problem(partPath) }
        place.bytes = bytes
        do {
            try JSONEncoder().encode(place).write(to: URL(filePath: Self.placePath(partPath)), options: .atomic)
        } catch {
            throw Self.problem(Self.placePath(partPath))
        }
        canGoOn = true
    }

    /// All is written: the file gets its name.
    func complete() throws(UsageProblem) {
        guard fflush(stream) == 0 else { throw ExportTarget.problem(partPath ?? path ?? Self.standardOutput) }
        guard let path, let partPath else { return }
        guard fclose(stream) == 0, rename(partPath, path) == 0 else { throw ExportTarget.problem(path) }
        unlink(Self.placePath(partPath))
    }

    /// Nobody goes on with what is written.
    func abandon() {
        guard let partPath else { return }
        unlink(partPath)
        unlink(Self.placePath(partPath))
    }

    // MARK: Names

    private static let standardOutput = "standard output"
    private static let partSuffix = ".part"

    static func placePath(_ partPath: String) -> String { "\(partPath).place" }

    /// The file that a part is of; nil when it is called as no part is.
    static func path(of partPath: String) -> String? {
        guard partPath.hasSuffix(partSuffix), case let rest = partPath.dropLast(partSuffix.count),
            let dot = rest.lastIndex(of: "."), rest.distance(from: dot, to: rest.endIndex) == 9
        else { return nil }
        return String(rest[..<dot])
    }

    private static func place(of partPath: String) throws(UsageProblem) -> ExportPlace {
        let name = TerminalText.oneLine(partPath)
        guard path(of: partPath) != nil else {
            throw UsageProblem(
                "\(name) is no part of an export",
                cure: "give the file that ends in .part, as the interrupted export called it")
        }
        do {
            return try JSONDecoder().decode(
                ExportPlace.self, from: Data(contentsOf: URL(filePath: placePath(partPath))))
        } catch {
            throw UsageProblem(
                "\(TerminalText.oneLine(placePath(partPath))), which says where \(name) goes on, is not there or not whole",
                cure: "begin the export again")
        }
    }

    /// Something is there, and it is no file.
    private static func isOther(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG && status.st_mode & S_IFMT != S_IFDIR
    }

    private static func inUse(_ path: String) -> UsageProblem {
        UsageProblem(
            "another export writes \(TerminalText.oneLine(path)) now", cure: "wait for its end, or end it first")
    }

    private static func problem(_ path: String) -> UsageProblem {
        UsageProblem(
            "\(TerminalText.oneLine(path)) cannot be written: \(String(cString: strerror(errno)))",
            cure: "see whether the folder is there, may be written, and has room")
    }
}
