import Glibc
import Synchronization

/// Writes whole lines to a file descriptor and never holds up an event loop for long.
///
/// A reader that stops reading fills the pipe; a write would then block every thread that logs. So the sink asks
/// first whether there is room, waits ``patienceMilliseconds`` at most, and then drops the line and counts it; the
/// next line that gets through tells how many are missing. Nothing is buffered: what was logged before a crash is out.
package final class LogSink: Sendable {
    /// How long one line may wait for room.
    static let patienceMilliseconds: Int32 = 20
    /// Bytes that a pipe takes without blocking once it says that it has room (PIPE_BUF).
    static let chunkBytes = 4_096

    private struct State {
        var droppedLines = 0
        var isStalled = false
    }

    private let file: Int32
    private let state = Mutex(State())

    /// Lines go to standard error, where service managers collect them.
    package static let standardError = LogSink(file: STDERR_FILENO)

    /// Takes a descriptor that stays open as long as the process; the sink does not close it.
    package init(file: Int32) { self.file = file }

    /// Writes the line that `make` gives for the number of lines dropped since the last one that got through.
    func write(_ make: (_ droppedLines: Int) -> [UInt8]) {
        state.withLock { state in
            guard hasRoom(patience: state.isStalled ? 0 : Self.patienceMilliseconds) else {
                state.isStalled = true
                state.droppedLines += 1
                return
            }
            state.isStalled = false
            if send(make(state.droppedLines)) { state.droppedLines = 0 } else { state.droppedLines += 1 }
        }
    }

    private func hasRoom(patience: Int32) -> Bool {
        var request = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, patience) > 0 && request.revents & Int16(POLLOUT) != 0
    }

    private func send(_ line: [UInt8]) -> Bool {
        var sent = 0
        while sent < line.count {
            if sent > 0 && !hasRoom(patience: Self.patienceMilliseconds) { return false }
            let count = line.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress! + sent, min($0.count - sent, Self.chunkBytes))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
