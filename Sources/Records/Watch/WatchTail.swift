import AccessControl
import RPC
import Reactor
import Synchronization
import Tenancy

/// The end of a workspace's feed, read once for all who watch in this process. It looks when this process has written something, and once
/// in each period; watchers are woken by what concerns them, and take it when their clients are ready for more.
///
/// The last batches are kept. Whoever falls behind them is told so, so that no watcher makes the memory grow.
final class WatchTail: Sendable {
    /// Why a watcher was woken.
    enum News {
        case batch(WatchBatch)
        /// Rights have changed, perhaps his.
        case rights
        /// Nothing was told for long. All up to the cursor is known to concern nobody.
        case silence(FeedCursor)
        /// What he has not taken is not kept any more.
        case lost
    }

    struct Watcher {
        /// Number of the batch that he takes next; nil while he reads by himself.
        var next: Int?
        /// When he is to be sent something, monotonic nanoseconds.
        var due: UInt64
        var hasOldRights = false
        /// When his rights may be others though nothing was changed, monotonic nanoseconds.
        var rightsEnd = UInt64.max
        var isCancelled = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    struct State {
        var batches: [WatchBatch] = []
        /// Number of the first of them.
        var first = 0
        /// Where the last look has ended; nil before the first.
        var cursor: FeedCursor?
        var looksBegun = 0
        var looksDone = 0
        var watchers: [Int: Watcher] = [:]
        var watcherCount = 0
        var isRung = false
        var isStopped = false
        var failure: (any Error)?
        var sleeper: CheckedContinuation<Void, Never>?

        /// Number of the batch that comes next.
        var end: Int { first + batches.count }
    }

    let engine: RecordEngine
    let limits: WatchLimits
    /// Who reads: the engine itself, which tells each watcher what he may see.
    let program: TenantActor
    let feed: Feed
    let state = Mutex(State())

    init(of tenant: TenantID, _ engine: RecordEngine, _ limits: WatchLimits) {
        (self.engine, self.limits) = (engine, limits)
        program = TenantActor(tenant, purpose: .watchRecords, onBehalfOf: nil)
        feed = Feed(engine)
    }

    /// Something was written.
    func ring() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isRung = true
            return state.sleeper.take()
        }
        sleeper?.resume()
    }

    /// Nobody watches any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        ring()
    }

    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// Looks until it is stopped, or fails for all who watch.
    func run(on loop: EventLoop) async {
        let rights = loop.spawn { [self] in await watchRights(on: loop) }
        defer { rights.cancel() }
        while !state.withLock({ $0.isStopped || $0.failure != nil }) {
            do {
                try await look()
                // What takes long to be made for all views is told less often.
                repeat { try await loop.sleep(for: limits.pause) } while isBehind
                await sleep(on: loop)
            } catch {
                return fail(error)
            }
        }
    }

    private var isBehind: Bool { state.withLock { $0.batches.last }?.isBeingMade ?? false }

    /// Until it is rung for, or a period has passed.
    private func sleep(on loop: EventLoop) async {
        let timer = loop.schedule(after: limits.period) { self.ring() }
        await withCheckedContinuation { continuation in
            let isRung = state.withLock { state in
                if !state.isRung { state.sleeper = continuation }
                return state.isRung
            }
            if isRung { continuation.resume() }
        }
        timer.cancel()
    }

    // MARK: Looking

    private func look() async throws {
        let (last, look) = state.withLock { state in
            state.isRung = false
            state.looksBegun += 1
            return (state.cursor, state.looksBegun)
        }
        let deadline = Deadline.after(WatchLimits.readTimeout)
        guard let last else {
            let cursor = try await feed.now(program, deadline: deadline)
            return publish(nil, cursor, look)
        }
        let batch = try await feed.read(
            program, after: last, limit: WatchLimits.eventsAtOnce, deadline: deadline, telling: { _ in true })
        let news = batch.events.isEmpty ? nil : WatchBatch(batch.events, cursor: batch.cursor)
        publish(news, batch.cursor, look)
        if batch.cursor.page != nil { ring() }
    }

    private func publish(_ batch: WatchBatch?, _ cursor: FeedCursor, _ look: Int) {
        let now = MonotonicTime.now()
        let woken = state.withLock { state in
            if let batch { keep(batch, in: &state) }
            state.cursor = cursor
            state.looksDone = look
            return state.wake { $0.wantsToKnow(of: $1, at: now) }
        }
        for continuation in woken { continuation.resume() }
    }

    private func keep(_ batch: WatchBatch, in state: inout State) {
        state.batches.append(batch)
        var bytes = state.batches.reduce(0) { $0 + $1.bytes }
        while state.batches.count > 1, state.batches.count > limits.batchesKeptMax || bytes > limits.bytesKeptMax {
            bytes -= state.batches.removeFirst().bytes
            state.first += 1
        }
    }

    /// Wakes all who watch when rights have changed, however long the database takes.
    private func watchRights(on loop: EventLoop) async {
        var known: PolicySnapshot?
        do {
            while true {
                let policy = try await engine.policies.snapshot(of: program.tenantID, minEpoch: 0)
                if known !== policy { tellRights() }
                known = policy
                try await loop.sleep(for: limits.period)
            }
        } catch is CancellationError {
        } catch {
            fail(error)
        }
    }

    private func tellRights() {
        let woken = state.withLock { state in
            for id in state.watchers.keys { state.watchers[id]?.hasOldRights = true }
            return state.wake { $1.hasOldRights }
        }
        for continuation in woken { continuation.resume() }
    }

    private func fail(_ error: any Error) {
        let woken = state.withLock { state in
            state.failure = state.failure ?? DatabaseErrors.translate(error, nil)
            return state.wake { _, _ in true }
        }
        for continuation in woken { continuation.resume() }
    }
}

extension WatchTail.State {
    /// Takes the continuations of the watchers who are to go on.
    mutating func wake(_ isWoken: (Self, WatchTail.Watcher) -> Bool) -> [CheckedContinuation<Void, Never>] {
        var woken: [CheckedContinuation<Void, Never>] = []
        for (id, watcher) in watchers where watcher.waiting != nil && isWoken(self, watcher) {
            if let continuation = watchers[id]?.waiting.take() { woken.append(continuation) }
        }
        return woken
    }

    /// One who reads by himself waits for the next look; the others for something to tell.
    func wantsToKnow(of watcher: WatchTail.Watcher, at now: UInt64) -> Bool {
        guard let next = watcher.next else { return true }
        return next < end || watcher.hasOldRights || min(watcher.due, watcher.rightsEnd) <= now
    }
}
