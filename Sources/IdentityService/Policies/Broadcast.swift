import Synchronization

/// Sends events to every watcher that listens at the moment. A watcher that does not keep up is cut off instead of
/// being told only a part; it has to begin anew and ask for the present state.
final class Broadcast<Event: Sendable>: Sendable {
    /// Events that wait for one watcher. At one event a second and a change now and then this is many minutes.
    static var backlogMax: Int { 4096 }

    private struct State {
        var nextID = 0
        var watchers: [Int: AsyncStream<Event>.Continuation] = [:]
    }

    private let state = Mutex(State())

    /// Listens from now on. The stream ends when the listener's task is cancelled or does not keep up.
    func watch() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.backlogMax))
        let id = state.withLock { state in
            state.nextID += 1
            state.watchers[state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    func send(_ event: Event) {
        let watchers = state.withLock { Array($0.watchers.values) }
        for watcher in watchers {
            if case .dropped = watcher.yield(event) { watcher.finish() }
        }
    }

    /// Ends every watcher's stream.
    func finish() {
        let watchers = state.withLock { Array($0.watchers.values) }
        for watcher in watchers { watcher.finish() }
    }
}
