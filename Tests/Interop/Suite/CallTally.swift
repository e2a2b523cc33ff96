import Synchronization

/// What has become of the calls that have a key, for ReportCall.
final class CallTally: Sendable {
    /// What is known of one call.
    struct Entry: Sendable {
        var hasBegun = false
        /// Messages sent or begun to be sent.
        var written = 0
        var isCancelled = false
    }

    private struct Waiter: Sendable {
        let key: String
        let isDue: @Sendable (Entry) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State: Sendable {
        var entries: [String: Entry] = [:]
        var waiters: [Int: Waiter] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    subscript(key: String) -> Entry { state.withLock { $0.entries[key] ?? Entry() } }

    /// Notes something; whoever waits for it goes on. Nothing for a call without key.
    func note(_ key: String?, _ change: (inout Entry) -> Void) {
        guard let key else { return }
        let due = state.withLock { state in
            change(&state.entries[key, default: Entry()])
            let entry = state.entries[key] ?? Entry()
            let due = state.waiters.filter { $0.value.key == key && $0.value.isDue(entry) }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Returns when the entry is as wanted, or when the task is cancelled.
    func wait(for key: String, until isDue: @escaping @Sendable (Entry) -> Bool) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if Task.isCancelled || isDue(state.entries[key] ?? Entry()) { return true }
                    state.waiters[id] = Waiter(key: key, isDue: isDue, continuation: continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }
}
