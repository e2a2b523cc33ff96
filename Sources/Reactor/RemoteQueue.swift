import Synchronization

/// A piece of work for a loop.
enum Work {
    case job(UnownedJob)
    /// Of a task whose time is counted.
    case metered(UnownedJob, MeteredExecutor)
    case body(@Sendable () -> Void)
}

/// Work that other threads hand to a loop. The lock is held for an append or a swap; a loop that is awake is
/// not woken again, so a burst of jobs costs one write to the eventfd, or none.
final class RemoteQueue: Sendable {
    private struct State {
        var work: ContiguousArray<Work> = []
        var isAsleep = false
        var isClosed = false
    }

    private let state = Mutex(State())

    enum Reception {
        /// Taken; the loop is awake and will see it.
        case taken
        /// Taken; the loop sleeps and must be woken.
        case takenAsleep
        /// The loop has ended.
        case refused
    }

    func append(_ work: Work) -> Reception {
        state.withLock { state in
            guard !state.isClosed else { return .refused }
            state.work.append(work)
            guard state.isAsleep else { return .taken }
            state.isAsleep = false
            return .takenAsleep
        }
    }

    /// Announces that the loop is about to wait. False when there is work: do not wait.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.work.isEmpty
            return state.isAsleep
        }
    }

    /// Takes all the work and leaves `empty`, an empty array whose memory is used again.
    func drain(into empty: inout ContiguousArray<Work>) {
        state.withLock { state in
            state.isAsleep = false
            swap(&state.work, &empty)
        }
    }

    /// Takes nothing from now on; false (and stays open) when work is waiting.
    func close() -> Bool {
        state.withLock { state in
            state.isClosed = state.work.isEmpty
            return state.isClosed
        }
    }
}
