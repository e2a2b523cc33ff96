/// Why a `WorkerPool` did not take work.
package enum WorkerPoolError: Error, CustomStringConvertible, Sendable {
    /// The queue is full: the caller should answer that it is overloaded.
    case full
    /// The pool was shut down.
    case shutDown

    package var description: String {
        switch self {
        case .full: "the worker pool is full; it has more work than threads for it"
        case .shutDown: "the worker pool was shut down"
        }
    }
}

/// Threads for what blocks: password hashing, compression, files, name lookups. Bounded in threads and in
/// queue.
package final class WorkerPool: Sendable {
    private let queue: BlockingQueue
    private let threads: [PosixThread]

    /// How many pieces of work run at once.
    package var threadCount: Int { threads.count }

    /// - Parameters:
    ///   - threadCount: how many pieces of work run at once, at least 1.
    ///   - queueCountMax: how many wait beyond those that run; more are refused.
    ///   - niceness: how far below the other threads they run, 0 to 19 as in nice(1).
    /// - Throws: `ReactorError` when the process is out of threads.
    package init(threadCount: Int, queueCountMax: Int, name: String = "worker", niceness: Int = 0) throws {
        precondition(threadCount > 0 && queueCountMax >= 0, "a worker pool has threads")
        precondition((0...19).contains(niceness), "nobody is raised above the others")
        let queue = BlockingQueue(takerCount: threadCount, queueCountMax: queueCountMax)
        self.queue = queue
        var started: [PosixThread] = []
        do {
            for index in 0..<threadCount {
                started.append(
                    try PosixThread(name: "\(name)-\(index)", niceness: niceness) { queue.serve() })
            }
        } catch {
            queue.close()
            for thread in started { thread.join() }
            throw error
        }
        threads = started
    }

    /// Runs `body` on a thread of the pool and returns what it returns; the task goes on on its own executor.
    /// - Throws: `WorkerPoolError`, `CancellationError` when the task is cancelled before the work begins, or
    ///   what `body` throws.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let ticket = WorkTicket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    try queue.append {
                        guard ticket.begin() else {
                            return continuation.resume(throwing: CancellationError())
                        }
                        continuation.resume(with: Result(catching: body))
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            ticket.cancel()
        }
    }

    /// Takes no more work, runs what is queued and waits for the threads. Blocks: not to be called on a loop.
    /// Call it once.
    package func shutdown() {
        precondition(EventLoop.current == nil, "a loop cannot wait for its workers")
        queue.close()
        for thread in threads { thread.join() }
    }
}
