import DequeModule
import Reactor

/// The tasks that run the handlers of one loop. Making and ending a task costs more than the rest of a short call, and so does waking
/// one: a task serves one call after the other as long as there are any, and only a handler that waits for something makes another
/// task go on with the rest.
// SAFETY: confined to its loop.
final class CallWorkers: @unchecked Sendable {
    /// Tasks kept that have nothing to do: 256 of some 4 KiB.
    private static let idleCountMax = 256

    let loop: EventLoop
    @exclusivity(unchecked) private var begun = Deque<RoutedCall>()
    @exclusivity(unchecked) private var idle: [CallWorker] = []
    @exclusivity(unchecked) private var isScheduled = false
    @exclusivity(unchecked) private var isClosed = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Runs the handler of the call in this turn, after what the turn still has to read.
    func serve(_ call: RoutedCall) {
        begun.append(call)
        guard !isScheduled else { return }
        isScheduled = true
        loop.execute { [self] in serveAll() }
    }

    private func serveAll() {
        isScheduled = false
        while !begun.isEmpty {
            if let worker = idle.popLast() { worker.goOn() } else { CallWorker(self).begin() }
        }
    }

    /// For a worker that has nothing to do: the next call.
    func next() -> RoutedCall? { begun.popFirst() }

    /// For a worker when there is none: true when it shall wait.
    func keep(_ worker: CallWorker) -> Bool {
        guard !isClosed, idle.count < Self.idleCountMax else { return false }
        idle.append(worker)
        return true
    }

    /// Ends the tasks, those at work after their call.
    func close() {
        isClosed = true
        let workers = idle
        idle = []
        for worker in workers { worker.goOn() }
    }
}

/// One of these tasks.
// SAFETY: confined to its loop.
final class CallWorker: @unchecked Sendable {
    private let workers: CallWorkers
    @exclusivity(unchecked) private var rest: UnsafeContinuation<Void, Never>?
    @exclusivity(unchecked) private var task: Task<Void, Never>?
    @exclusivity(unchecked) private var isCancelled = false

    init(_ workers: CallWorkers) {
        self.workers = workers
    }

    /// Serves calls here and now, until a handler waits for something or there are no more.
    func begin() {
        task = Task.immediate(executorPreference: workers.loop) { await self.work() }
        // The caller may have given up in the meantime.
        if isCancelled { task?.cancel() }
    }

    /// The same for a worker that waits.
    func goOn() {
        guard let rest = rest.take() else { preconditionFailure("a worker that is idle waits") }
        workers.loop.resumeNow(rest)
    }

    /// Cancels the call that is being served. A task that was cancelled stays so: it serves no other.
    func cancel() {
        isCancelled = true
        task?.cancel()
    }

    private func work() async {
        repeat {
            while let call = workers.next() {
                await call.serve(on: self)
                if isCancelled { return }
            }
            guard workers.keep(self) else { return }
            await withUnsafeContinuation { rest = $0 }
        } while true
    }
}
