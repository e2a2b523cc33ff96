import DequeModule
import Reactor

/// The tasks that run the handlers of one loop. Making and ending a task costs more than the rest of a short call, and so does waking
/// one: a task serves one call after the other as long as there are any, and only a handler that waits for something makes another
/// task go on with the rest.
///
/// Connections take turns, a call each: who sends many calls, or such as take long, holds up others by one call. And the loop gets its
/// say in between, so that a call which comes now waits for one call of each connection that wants something.
// SAFETY: confined to its loop.
final class CallWorkers: @unchecked Sendable {
    /// Tasks kept that have nothing to do: 256 of some 4 KiB.
    private static let idleCountMax = 256

    /// Calls after which the clock is looked at; whose time is counted take long enough to look at it each time.
    private var callsPerLook: Int { isMetered ? 1 : 4 }

    let loop: EventLoop
    /// Each call is told how long it ran on the loop.
    private let isMetered: Bool
    /// The connections that have calls to be served.
    @exclusivity(unchecked) private var line = Deque<ServerConnection>()
    @exclusivity(unchecked) private var idle: [CallWorker] = []
    @exclusivity(unchecked) private var isScheduled = false
    /// Calls may begin in this turn, so many more before the clock is looked at, until that time.
    @exclusivity(unchecked) private var isServing = false
    @exclusivity(unchecked) private var callsUntilLook = 0
    @exclusivity(unchecked) private var turnEnd: UInt64 = 0
    @exclusivity(unchecked) private var isClosed = false

    init(loop: EventLoop, isMetered: Bool) {
        self.loop = loop
        self.isMetered = isMetered
    }

    /// What counts the time of a worker; nil when nobody asks.
    func makeMeter() -> MeteredExecutor? { isMetered ? MeteredExecutor(loop: loop) : nil }

    /// Runs the handler of the call, at the earliest after what this turn still has to read.
    func serve(_ call: RoutedCall) {
        let connection = call.server
        connection.ready.append(call)
        if !connection.isHeldBack { standInLine(connection) }
    }

    /// The connection takes answers again.
    func goOn(with connection: ServerConnection) {
        if !connection.ready.isEmpty { standInLine(connection) }
    }

    private func standInLine(_ connection: ServerConnection) {
        if !connection.isInLine {
            connection.isInLine = true
            line.append(connection)
        }
        schedule()
    }

    private func schedule() {
        // Who serves looks at the line when he is done.
        guard !isScheduled, !isServing else { return }
        isScheduled = true
        loop.execute { [self] in serveSome() }
    }

    private func serveSome() {
        isScheduled = false
        isServing = true
        turnEnd = MonotonicTime.now() &+ EventLoop.share
        callsUntilLook = callsPerLook
        while isServing, !line.isEmpty {
            if let worker = idle.popLast() { worker.goOn() } else { CallWorker(self).begin() }
        }
        isServing = false
        // The rest in the next turn, after what that one brings.
        if !line.isEmpty { loop.afterTurn { [self] in schedule() } }
    }

    /// For a worker that has nothing to do: the next call. Who does not take the answers that there are gets no more until he does.
    func next() -> RoutedCall? {
        guard isServing, mayGoOn else { return nil }
        while let connection = line.first {
            guard !connection.isHeldBack, let call = connection.ready.popFirst() else {
                leaveLine(connection)
                continue
            }
            if connection.ready.isEmpty {
                leaveLine(connection)
            } else if line.count > 1 {
                line.removeFirst()
                line.append(connection)
            }
            return call
        }
        return nil
    }

    private func leaveLine(_ connection: ServerConnection) {
        connection.isInLine = false
        line.removeFirst()
    }

    private var mayGoOn: Bool {
        callsUntilLook -= 1
        if callsUntilLook < 0 {
            callsUntilLook = callsPerLook
            isServing = MonotonicTime.now() < turnEnd
        }
        return isServing
    }

    /// A worker that finds no call shall wait for one.
    var hasRoomForIdle: Bool { !isClosed && idle.count < Self.idleCountMax }

    /// The worker waits.
    func keep(_ worker: CallWorker) { idle.append(worker) }

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
    private let meter: MeteredExecutor?
    @exclusivity(unchecked) private var rest: UnsafeContinuation<Void, Never>?
    @exclusivity(unchecked) private var task: Task<Void, Never>?
    @exclusivity(unchecked) private var isCancelled = false

    init(_ workers: CallWorkers) {
        self.workers = workers
        meter = workers.makeMeter()
    }

    /// The call that is being served has begun.
    func noteBegin() { meter?.startOver() }

    /// Nanoseconds that the call has run on the loop; 0 when nobody asks.
    var callNanoseconds: UInt64 { meter?.nanoseconds ?? 0 }

    /// Serves calls here and now, until a handler waits for something or there are no more.
    func begin() {
        if let meter {
            meter.run { beginTask(on: meter) }
        } else {
            beginTask(on: workers.loop)
        }
        // The caller may have given up in the meantime.
        if isCancelled { task?.cancel() }
    }

    private func beginTask(on executor: any TaskExecutor) {
        task = Task.immediate(executorPreference: executor) { await self.work() }
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
        while true {
            while let call = workers.next() {
                await call.serve(on: self)
                // A handler that belongs to an actor may have come back elsewhere.
                guard workers.loop.isCurrent, !isCancelled else { return }
            }
            guard workers.hasRoomForIdle else { return }
            await withUnsafeContinuation {
                rest = $0
                workers.keep(self)
            }
        }
    }
}
