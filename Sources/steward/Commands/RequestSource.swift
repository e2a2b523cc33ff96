import Glibc
import RPC
import Reactor
import Synchronization

/// The requests of a call, as JSON texts, one after the other.
final class RequestSource: Sendable {
    private enum Source {
        /// Everything is one request.
        case whole([String])
        /// A request on each line; empty lines are passed over.
        case lines(file: Int32)
    }

    private let source: Mutex<Source>
    /// Reading a terminal or a pipe blocks; the answers must not wait for it.
    private let reader: WorkerPool

    /// - Parameters:
    ///   - text: the request, or - for standard input.
    ///   - file: the file that holds it, or - for standard input.
    init(_ kind: MethodDefinition.Kind, text: String?, file: String?) throws {
        reader = try WorkerPool(threadCount: 1, queueCountMax: 1, name: "steward-input")
        if let text, text != "-" {
            source = Mutex(.whole([text]))
        } else if kind.hasManyRequests {
            source = Mutex(.lines(file: try Self.open(file ?? "-")))
        } else if let place = text ?? file {
            source = Mutex(.whole([try Self.all(of: try Self.open(place))]))
        } else {
            source = Mutex(.whole(["{}"]))
        }
    }

    /// The next request, nil after the last.
    func next() async throws -> String? {
        try await reader.run { [self] in try source.withLock { try Self.next(&$0) } }
    }

    private static func next(_ source: inout Source) throws -> String? {
        switch source {
        case .whole(let texts):
            source = .whole([])
            return texts.first
        case .lines(let file):
            while let line = try line(of: file) {
                if line.contains(where: { !$0.isWhitespace }) { return line }
            }
            return nil
        }
    }

    private static func open(_ path: String) throws -> Int32 {
        if path == "-" { return STDIN_FILENO }
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw UsageProblem(
                "\(path) cannot be read: \(String(cString: strerror(errno)))", cure: "name a file that can, or -")
        }
        return file
    }

    private static func all(of file: Int32) throws -> String {
        var text = ""
        while let line = try line(of: file) { text += line + "\n" }
        return text
    }

    /// Byte by byte: what a person types must not wait in a buffer, and requests are short.
    private static func line(of file: Int32) throws -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = read(file, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            guard count == 1 else { return try bytes.isEmpty ? nil : CheckedText.text(bytes, "a request") }
            if byte == UInt8(ascii: "\n") { return try CheckedText.text(bytes, "a request") }
            bytes.append(byte)
        }
    }
}
