import Glibc
import Synchronization

/// The loops of a process, a thread each.
package final class EventLoopGroup: Sendable {
    /// Loops per group: more than this many cores is a mistake in the settings.
    package static let loopCountMax = 256

    package let loops: [EventLoop]
    private let threads: [PosixThread]
    private let turn = Atomic<Int>(0)
    private let isShutDown = Atomic<Bool>(false)

    /// Starts `count` loops (1 to `loopCountMax`; one per core is right) with threads named `<name>-<index>`.
    ///
    /// Also makes the process ignore SIGPIPE: OpenSSL writes to sockets without MSG_NOSIGNAL, and a peer that
    /// is gone must be an error of the write, not the end of the process.
    /// - Throws: `ReactorError` when the process is out of descriptors or threads.
    package init(count: Int, name: String = "loop") throws {
        precondition((1...Self.loopCountMax).contains(count), "a group has 1 to \(Self.loopCountMax) loops")
        signal(SIGPIPE, SIG_IGN)
        loops = try (0..<count).map { try EventLoop(index: $0) }
        var started: [PosixThread] = []
        do {
            for loop in loops {
                started.append(try PosixThread(name: "\(name)-\(loop.index)") { loop.run() })
            }
        } catch {
            for index in started.indices {
                loops[index].stop()
                started[index].join()
            }
            throw error
        }
        threads = started
    }

    /// The loops in turn, for work that may go to any of them.
    package func next() -> EventLoop {
        let count = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[Int(UInt(bitPattern: count) % UInt(loops.count))]
    }

    /// Ends every loop after the work queued on it, and waits for the threads. Watches and timers that are
    /// left are dropped; work submitted later is dropped too, so end the tasks first. Blocks: not to be
    /// called on a loop. A second call does nothing.
    package func shutdown() {
        precondition(EventLoop.current == nil, "a loop cannot wait for its own end")
        guard !isShutDown.exchange(true, ordering: .relaxed) else { return }
        for loop in loops { loop.stop() }
        for thread in threads { thread.join() }
    }
}
