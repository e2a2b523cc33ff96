extension EventLoop {
    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(.job(UnownedJob(job)))
    }

    func enqueue(_ job: Work) {
        guard isCurrent, isResuming else { return submit(job) }
        isResuming = false
        resumed = job
    }

    /// Goes on with a task of this loop that waits, here and now instead of in its turn, until it has to wait again. On the loop.
    package func resumeNow(_ continuation: UnsafeContinuation<Void, Never>) {
        assertCurrent()
        isResuming = true
        continuation.resume()
        isResuming = false
        switch resumed.take() {
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .metered(let job, let executor): executor.runInTurn(job)
        case .body, nil: return
        }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }

    /// Lets `assumeIsolated` of an actor on this loop succeed in handlers, timers and bodies too, which are
    /// no jobs of the actor.
    package func checkIsolated() {
        precondition(isCurrent, "this may be done on loop \(index) only")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        isCurrent
    }

    /// On the loop's own thread without lock and wake-up; from others through the locked queue. After the
    /// loop has ended the work is dropped: a task that is left then never goes on.
    func submit(_ work: Work) {
        if isCurrent {
            local.append(work)
        } else if case .takenAsleep = remote.append(work) {
            poller.interrupt()
        }
    }

    /// Jobs run as jobs of the *task* executor. Were they run as jobs of the serial executor, the runtime
    /// would see a change of isolation and enqueue again at each call from one nonisolated function to
    /// another.
    @inline(__always)
    func perform(_ work: Work, _ executor: UnownedTaskExecutor) {
        switch work {
        case .job(let job): job.runSynchronously(on: executor)
        case .metered(let job, let own):
            if own.hasHadItsShare { standInLine(.job(job, own)) } else { own.run(job) }
        case .body(let body): body()
        }
    }
}
