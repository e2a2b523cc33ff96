import Synchronization

/// Some events of a workspace, and what they mean in each view that somebody has: made once, by the first who asks.
final class WatchBatch: Sendable {
    /// Places of the events in the ledger, by kind of record.
    let positions: [String: [Int64]]
    /// All up to here is told with this batch and those before it.
    let cursor: FeedCursor

    private enum News {
        case beingMade(waiting: [CheckedContinuation<Void, Never>])
        case made([[UInt8]])
    }

    /// Bytes kept of what was made, of all views.
    private static let bytesMax = 8 << 20

    /// By the view's digest.
    private let news = Mutex<[[UInt8]: News]>([:])

    init(_ events: [FeedEvent], cursor: FeedCursor) {
        positions = Dictionary(grouping: events, by: \.object).mapValues { $0.map(\.position) }
        self.cursor = cursor
    }

    /// Somebody waits for what is not made yet.
    var isBeingMade: Bool {
        news.withLock { news in
            news.values.contains { if case .beingMade = $0 { true } else { false } }
        }
    }

    /// Bytes of what was made.
    var bytes: Int {
        news.withLock { news in
            news.values.reduce(0) { sum, one in
                if case .made(let messages) = one { sum + messages.reduce(0) { $0 + $1.count } } else { sum }
            }
        }
    }

    /// The responses for a view. When `make` throws, it is tried again by whoever waits for them next.
    func responses(for view: [UInt8], _ make: () async throws -> [[UInt8]]) async throws -> [[UInt8]] {
        while true {
            if let made = claim(view) { return made }
            guard await isMine(view) else { continue }
            do {
                let made = try await make()
                // What would be too much to keep is made by each who takes it.
                let isKept = bytes + made.reduce(0) { $0 + $1.count } <= Self.bytesMax
                finish(view, isKept ? .made(made) : nil)
                return made
            } catch {
                finish(view, nil)
                throw error
            }
        }
    }

    private func claim(_ view: [UInt8]) -> [[UInt8]]? {
        news.withLock { if case .made(let made) = $0[view] { made } else { nil } }
    }

    /// True for who is to make it; false after a wait for who did.
    private func isMine(_ view: [UInt8]) async -> Bool {
        let isFirst = news.withLock { news in
            guard news[view] == nil else { return false }
            news[view] = .beingMade(waiting: [])
            return true
        }
        if isFirst { return true }
        await withCheckedContinuation { continuation in
            let waits = news.withLock { news in
                guard case .beingMade(let waiting) = news[view] else { return false }
                news[view] = .beingMade(waiting: waiting + [continuation])
                return true
            }
            if !waits { continuation.resume() }
        }
        return false
    }

    private func finish(_ view: [UInt8], _ result: News?) {
        let waiting = news.withLock { news -> [CheckedContinuation<Void, Never>] in
            defer { news[view] = result }
            if case .beingMade(let waiting) = news[view] { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume() }
    }
}
