import CLinux
import DequeModule

extension EventLoop {
    /// Turns the loop until `stop()`, on the thread that calls it.
    func run() {
        clinux_set_thread_slot(Unmanaged.passUnretained(self).toOpaque())
        defer { clinux_set_thread_slot(nil) }
        let executor = asUnownedTaskExecutor()
        turnTime = MonotonicTime.now()
        while !hasEnded() {
            let count = wait()
            deliver(count)
            fireTimers()
            receive()
            runJobs(executor)
            swap(&hooks, &runningHooks)
            runHooks()
            swap(&lateHooks, &runningHooks)
            runHooks()
        }
        watches.removeAll()
        timers.removeAll()
    }

    /// Ends the loop after the work that is queued, and the work which that work queues. May be called on any
    /// thread.
    func stop() {
        execute { self.isStopping = true }
    }

    private func hasEnded() -> Bool {
        isStopping && local.isEmpty && hooks.isEmpty && lateHooks.isEmpty && remote.close()
    }

    private func wait() -> Int {
        let mayWait =
            !isStopping && local.isEmpty && hooks.isEmpty && lateHooks.isEmpty && remote.fallAsleep()
        let count = poller.wait(now: turnTime, deadline: mayWait ? timers.nextDeadline : 0)
        turnTime = MonotonicTime.now()
        return count
    }

    private func deliver(_ count: Int) {
        for index in 0..<count {
            let (token, readiness) = poller.event(index)
            if token != Poller.wakeUpToken { watches[token]?.deliver(readiness) }
        }
    }

    private func fireTimers() {
        let last = timers.sequence
        while let timer = timers.popDue(turnTime, upTo: last) { timer.fire() }
    }

    private func receive() {
        remote.drain(into: &received)
        local.append(contentsOf: received)
        received.removeAll(keepingCapacity: true)
    }

    private func runJobs(_ executor: UnownedTaskExecutor) {
        var left = Self.jobsPerTurnMax
        while left > 0, let work = local.popFirst() {
            perform(work, executor)
            left -= 1
        }
    }

    /// Those may set others meanwhile.
    private func runHooks() {
        for hook in runningHooks { hook() }
        runningHooks.removeAll(keepingCapacity: true)
    }
}
