import CLinux
import DequeModule
import Glibc
import Synchronization

/// One thread, one epoll descriptor: everything that is bound to a loop runs on its thread, one thing at a
/// time.
///
/// A loop is a task executor and a serial executor. `Task(executorPreference: loop)` (or `spawn`) runs a
/// task's nonisolated code on it, without a hop from one such function to the next; an actor may name it as
/// its executor. Connections, calls and database connections are classes confined to a loop: they assert it
/// (`assertCurrent()`) and need no lock.
///
/// A turn of the loop: wait for descriptors or the next timer → handlers of ready descriptors → timers that
/// are due → jobs and bodies (a bounded number, so that descriptors do not starve) → the end-of-turn hooks,
/// which write what the turn produced → what takes long and should hold up nobody. See `EventLoop+Turn.swift`.
///
/// Nothing on a loop may block: what blocks goes to a `WorkerPool`.
package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    // SAFETY: `remote` is locked and `poller.interrupt()` is a system call on a constant descriptor;
    // everything else is touched on the loop's own thread only.

    /// Jobs and bodies run in one turn before descriptors are looked at again: some 100 µs of ordinary work.
    static let jobsPerTurnMax = 512

    /// The position of the loop in its group, from 0.
    package let index: Int

    let poller: Poller
    let remote = RemoteQueue()
    var watches = WatchTable()
    var timers = TimerQueue()
    var local = Deque<Work>()
    var received: ContiguousArray<Work> = []
    var hooks: ContiguousArray<() -> Void> = []
    var lateHooks: ContiguousArray<() -> Void> = []
    /// Tasks with long work, in the order of their turns.
    var longWork = Deque<LongWork>()
    var runningHooks: ContiguousArray<() -> Void> = []
    /// The next job comes from `resumeNow`, which runs it; and that job.
    @exclusivity(unchecked) var isResuming = false
    @exclusivity(unchecked) var resumed: Work?
    @exclusivity(unchecked) var turnTime: UInt64 = 0
    @exclusivity(unchecked) var isStopping = false

    /// - Throws: `ReactorError` when the process is out of descriptors.
    init(index: Int) throws {
        self.index = index
        poller = try Poller()
    }

    /// The loop whose thread this is; nil on every other thread.
    package static var current: EventLoop? {
        guard let slot = clinux_thread_slot() else { return nil }
        return Unmanaged<EventLoop>.fromOpaque(slot).takeUnretainedValue()
    }

    /// Whether the caller runs on this loop's thread.
    package var isCurrent: Bool {
        clinux_thread_slot() == UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }

    /// Stops a debug build that touches loop-confined state from outside.
    @inline(__always)
    package func assertCurrent() {
        assert(isCurrent, "this may be done on loop \(index) only")
    }

    /// The time of this turn, in nanoseconds of `MonotonicTime`: read once, so that all of a turn agrees and
    /// asking is free. Off the loop it is the time of the call.
    package var now: UInt64 {
        isCurrent ? turnTime : MonotonicTime.now()
    }

    /// Runs `body` on the loop, soon, after what is already queued. May be called on any thread; never runs
    /// it in the call. After the group has shut down the body is dropped.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        submit(.body(body))
    }

    /// Runs `body` in a task on the loop.
    @discardableResult
    package func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: body)
    }

    /// Runs `body` on the loop `delay` after `now`, once. May be called on any thread.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> Timer {
        schedule(at: MonotonicTime.moment(delay, after: now), body)
    }

    /// Runs `body` on the loop at `deadline` (`MonotonicTime`), once; in the next turn when that is past. May
    /// be called on any thread.
    @discardableResult
    package func schedule(at deadline: UInt64, _ body: @escaping @Sendable () -> Void) -> Timer {
        let timer = Timer(loop: self, deadline: deadline, body: body)
        if isCurrent {
            timers.insert(timer)
        } else {
            execute { self.timers.insert(timer) }
        }
        return timer
    }

    /// Runs `body` once at the end of this turn, after its ready descriptors and jobs and before the next
    /// wait: the place to write what the turn produced. A hook that is set by a hook runs at the end of the
    /// next turn, which follows at once.
    package func atEndOfTurn(_ body: @escaping () -> Void) {
        assertCurrent()
        hooks.append(body)
    }

    /// Runs `body` once after the hooks of this turn: the place for work that nobody else should wait for. What it schedules for
    /// the end of a turn is done in the next one, which follows at once.
    package func afterTurn(_ body: @escaping () -> Void) {
        assertCurrent()
        lateHooks.append(body)
    }

    /// Calls `handler` on the loop in each turn in which `descriptor` is ready, until the watch is cancelled.
    /// To be called on the loop; a descriptor has one watch at most.
    /// - Throws: `ReactorError` when the kernel refuses (out of watches, not a descriptor that can be
    ///   watched).
    package func watch(
        _ descriptor: Int32, interest: Interest, _ handler: @escaping (Readiness) -> Void
    ) throws -> Watch {
        assertCurrent()
        let token = watches.reserve()
        do {
            try poller.add(descriptor, interest: interest, token: token)
        } catch {
            watches.release(token)
            throw error
        }
        let watch = Watch(
            loop: self, token: token, descriptor: descriptor, interest: interest, handler: handler)
        watches.fill(token, with: watch)
        return watch
    }

    func modify(_ descriptor: Int32, interest: Interest, token: UInt64) throws {
        try poller.modify(descriptor, interest: interest, token: token)
    }

    func remove(_ descriptor: Int32, token: UInt64) {
        poller.remove(descriptor)
        watches.release(token)
    }

    func timerWasCancelled() {
        timers.timerWasCancelled()
    }
}
