package import CoreMetrics
import Glibc
import Synchronization

/// Writes spans to a file that an OpenTelemetry collector reads, one line of OTLP/JSON for each batch.
///
/// `record` puts a span into a bounded queue and never waits for the disk; `flush` blocks and belongs on a worker. Spans that
/// find the queue full, or whose line cannot be written, are dropped and counted. A file that has grown past its limit is
/// renamed to `<file>.1`, in place of the one before, and a new one begun.
package final class SpanExporter: Sendable {
    /// Spans that wait for the disk: 8,192 take some 4 MB, and a second's worth at the rate a loop can serve while recording.
    package static let queueCountMax = 8_192
    /// Spans of one line: the collector reads a line in one piece.
    static let lineSpansMax = 256

    private struct Output {
        var file: Int32 = -1
        var bytes = 0
    }

    private let path: String
    private let program: String
    private let version: String
    private let fileBytesMax: Int
    private let queue = Mutex<[Span]>([])
    private let output = Mutex(Output())
    private let recorded: Counter
    private let dropped: Counter

    /// - Parameter fileBytesMax: size from which on the file is renamed and begun anew.
    package init(
        path: String, program: String, version: String, fileBytesMax: Int, factory: any MetricsFactory
    ) {
        self.path = path
        self.program = program
        self.version = version
        self.fileBytesMax = fileBytesMax
        recorded = Counter(label: MetricName.spansWritten, factory: factory)
        dropped = Counter(label: MetricName.spansDropped, factory: factory)
    }

    deinit { output.withLock { Self.close(&$0) } }

    /// Takes a span; never blocks for longer than another thread takes to append one.
    package func record(_ span: Span) {
        let fits = queue.withLock { spans in
            guard spans.count < Self.queueCountMax else { return false }
            spans.append(span)
            return true
        }
        if !fits { dropped.increment() }
    }

    /// Writes what waits. Blocks. Returns why it could not, in words with the errno.
    package func flush() -> String? {
        let spans = queue.withLock { spans in
            defer { spans = [] }
            return spans
        }
        guard !spans.isEmpty else { return nil }
        let offset = Self.clockOffset()
        return output.withLock { output in
            var problem: String?
            for start in stride(from: 0, to: spans.count, by: Self.lineSpansMax) {
                let part = Array(spans[start..<min(start + Self.lineSpansMax, spans.count)])
                let line = OTLPLine.encode(part, program: program, version: version, clockOffset: offset)
                if let failure = write(line, to: &output) {
                    problem = failure
                    dropped.increment(by: part.count)
                } else {
                    recorded.increment(by: part.count)
                }
            }
            return problem
        }
    }

    /// Opens the file anew with the next flush: whoever rotates it has renamed it (SIGHUP).
    package func reopen() { output.withLock { Self.close(&$0) } }

    private func write(_ line: [UInt8], to output: inout Output) -> String? {
        if output.file >= 0, output.bytes > 0, output.bytes + line.count > fileBytesMax {
            Self.close(&output)
            if rename(path, path + ".1") != 0 { return Self.problem("rename", path) }
        }
        if output.file < 0, let problem = open(&output) { return problem }
        var sent = 0
        while sent < line.count {
            let count = line.withUnsafeBytes { Glibc.write(output.file, $0.baseAddress! + sent, $0.count - sent) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let problem = Self.problem("write", path)
                // Half a line would spoil the next one.
                if ftruncate(output.file, off_t(output.bytes)) != 0 { Self.close(&output) }
                return problem
            }
            sent += count
        }
        output.bytes += line.count
        return nil
    }

    /// Readable by its owner and group: the collector runs as somebody else.
    private func open(_ output: inout Output) -> String? {
        output.file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard output.file >= 0 else { return Self.problem("open", path) }
        output.bytes = Int(lseek(output.file, 0, SEEK_END))
        return nil
    }

    private static func close(_ output: inout Output) {
        if output.file >= 0 { Glibc.close(output.file) }
        output = Output()
    }

    private static func problem(_ action: String, _ path: String) -> String {
        "\(action) \(path): \(String(cString: strerror(errno)))"
    }

    /// Nanoseconds since 1970 UTC when the monotonic clock was at 0. Taken for each flush, since the wall clock is corrected.
    private static func clockOffset() -> UInt64 {
        var wall = timespec()
        var monotonic = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        let nanoseconds = { (time: timespec) in UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec) }
        return nanoseconds(wall) &- nanoseconds(monotonic)
    }
}
