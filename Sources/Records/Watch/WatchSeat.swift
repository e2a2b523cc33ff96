import Reactor
import Synchronization
import Tenancy

/// A watcher's place among those of his workspace, from the beginning of his call to its end.
struct WatchSeat: Sendable {
    let user: UserID?
    let tail: WatchTail
    private let id: Int

    init(_ user: UserID?, at tail: WatchTail) {
        (self.user, self.tail) = (user, tail)
        let due = Self.due(tail)
        id = tail.state.withLock { state in
            state.watcherCount += 1
            state.watchers[state.watcherCount] = WatchTail.Watcher(due: due)
            return state.watcherCount
        }
    }

    /// The call has ended, whyever.
    func leave() { tail.state.withLock { $0.watchers[id] = nil } }

    /// Nobody waits for news any more.
    func cancel() {
        let waiting = tail.state.withLock { state in
            state.watchers[id]?.isCancelled = true
            return state.watchers[id]?.waiting.take()
        }
        waiting?.resume()
    }

    /// Begins to take batches: those that come after what a look has seen which begins now. Gives where it has ended, which is not before
    /// anything that was committed until now.
    func join() async throws -> FeedCursor {
        let look = tail.state.withLock { state in
            state.watchers[id]?.next = nil
            return state.looksBegun + 1
        }
        tail.ring()
        while true {
            let joined = try tail.state.withLock { state -> FeedCursor? in
                try check(state)
                guard state.looksDone >= look, let cursor = state.cursor, cursor.page == nil else { return nil }
                let end = state.end
                state.watchers[id]?.next = end
                return cursor
            }
            if let joined { return joined }
            await wait { state in state.looksDone >= look && state.cursor?.page == nil }
        }
    }

    /// The next thing to do for who has joined. Waits for it.
    /// - Throws: CancellationError after `cancel`, and what made the tail fail.
    func news() async throws -> WatchTail.News {
        while true {
            let news = try tail.state.withLock { state in
                try check(state)
                return take(&state)
            }
            if let news { return news }
            await wait { state in
                state.watchers[id].map { state.wantsToKnow(of: $0, at: MonotonicTime.now()) } ?? true
            }
        }
    }

    /// Something was sent to him just now.
    func noteWord() {
        let due = Self.due(tail)
        tail.state.withLock { $0.watchers[id]?.due = due }
    }

    /// What he is shown may be less from then on. The clock of the day may be set back meanwhile: then it is noted again.
    func noteEnd(of view: WatchView) {
        let end = view.end.map { end in
            let rest = end.microseconds - Timestamp.now().microseconds
            return MonotonicTime.moment(.microseconds(max(rest, 1_000)), after: MonotonicTime.now())
        }
        tail.state.withLock { $0.watchers[id]?.rightsEnd = end ?? .max }
    }

    private static func due(_ tail: WatchTail) -> UInt64 {
        MonotonicTime.moment(tail.limits.silenceMax, after: MonotonicTime.now())
    }

    private func check(_ state: WatchTail.State) throws {
        if let failure = state.failure { throw failure }
        if state.watchers[id]?.isCancelled != false { throw CancellationError() }
    }

    private func take(_ state: inout WatchTail.State) -> WatchTail.News? {
        guard let watcher = state.watchers[id], let next = watcher.next else { return nil }
        if watcher.hasOldRights || watcher.rightsEnd <= MonotonicTime.now() {
            state.watchers[id]?.hasOldRights = false
            return .rights
        }
        if next < state.first { return .lost }
        if next < state.end {
            state.watchers[id]?.next = next + 1
            return .batch(state.batches[next - state.first])
        }
        return watcher.due <= MonotonicTime.now() ? state.cursor.map { .silence($0) } : nil
    }

    private func wait(unless isReady: (WatchTail.State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let goesOn = tail.state.withLock { state in
                let isOver = state.failure != nil || state.watchers[id]?.isCancelled != false
                guard !isOver, !isReady(state) else { return true }
                state.watchers[id]?.waiting = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }
}
