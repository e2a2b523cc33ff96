import Reactor
import Synchronization

/// Wakes one task that sleeps. A ring while it is awake is kept.
final class JobBell: Sendable {
    private struct State {
        var isRung = false
        var sleeper: Task<Void, Never>?
    }
    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            state.isRung = true
            state.sleeper?.cancel()
        }
    }

    /// Sleeps until it is rung, or `sleep` has ended.
    func wait(_ sleep: @escaping @Sendable () async -> Void) async {
        let sleeper = state.withLock { state -> Task<Void, Never>? in
            guard !state.isRung else { return nil }
            let sleeper = Task(executorPreference: EventLoop.current) { await sleep() }
            state.sleeper = sleeper
            return sleeper
        }
        await sleeper?.value
        state.withLock { $0 = State() }
    }
}
