import AccessControl
import Synchronization
import Tenancy

/// A tenant's policy and where its data is, as of one epoch.
struct TenantView: Sendable {
    let snapshot: PolicySnapshot
    let placements: [ServiceName: Placement]
}

/// The policies in memory, and the rules by which they become old. No I/O and no clock: `PolicySubscription` feeds it.
///
/// A change that is announced while a policy is being fetched must not be lost: the epoch announced is kept beside the
/// fetch, and an answer older than it does not count as an answer.
final class PolicyCache: Sendable {
    /// What to do for somebody who asks.
    enum Answer {
        /// In memory and new enough.
        case known(TenantView)
        /// Being fetched already.
        case wait(Task<TenantView, any Error>)
    }

    private struct Entry {
        var view: TenantView?
        var fetch: Task<TenantView, any Error>?
        /// Number of that fetch.
        var fetchID: UInt64 = 0
        /// The highest epoch that identity announced.
        var announced: Int64 = 0
        /// When it was last asked for, in turns of `State.clock`.
        var usedAt: UInt64 = 0
    }

    private struct State {
        var entries: [TenantID: Entry] = [:]
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let countMax: Int

    init(countMax: Int = HostLimits.policyCountMax) { self.countMax = countMax }

    /// The policy if it is in memory with at least this epoch; otherwise the running fetch, or one that `fetch` begins
    /// under the number it is given.
    func answer(
        _ tenant: TenantID, minEpoch: Int64, _ fetch: (_ id: UInt64) -> Task<TenantView, any Error>
    ) -> Answer {
        state.withLock { state in
            state.clock += 1
            var entry = state.entries[tenant] ?? Entry()
            entry.usedAt = state.clock
            defer { state.entries[tenant] = entry }
            if let view = entry.view, view.snapshot.epoch >= max(minEpoch, entry.announced) {
                return .known(view)
            }
            if let running = entry.fetch { return .wait(running) }
            let begun = fetch(state.clock)
            entry.fetch = begun
            entry.fetchID = state.clock
            return .wait(begun)
        }
    }

    /// Ends a fetch and keeps what it brought, unless everything was forgotten in the meantime.
    func finishFetch(_ tenant: TenantID, id: UInt64, _ view: TenantView?) {
        state.withLock { state in
            guard var entry = state.entries[tenant], entry.fetch != nil, entry.fetchID == id else { return }
            entry.fetch = nil
            if let view { entry.view = view }
            state.entries[tenant] = entry.view == nil ? nil : entry
            if state.entries.count > countMax { Self.evict(&state, keeping: countMax - countMax / 10) }
        }
    }

    /// The tenant's policy has a new epoch. Who asks from now on gets this one or a newer one.
    func announce(_ tenant: TenantID, epoch: Int64) {
        state.withLock { state in
            // A tenant that nobody asked for is fetched when somebody does, and then it is as new as can be.
            guard var entry = state.entries[tenant] else { return }
            entry.announced = max(entry.announced, epoch)
            state.entries[tenant] = entry
        }
    }

    /// Changes may have gone unheard: everything is fetched anew when next asked for, what is being fetched included.
    func forgetAll() {
        state.withLock { $0.entries.removeAll() }
    }

    /// Tenants in memory.
    var count: Int { state.withLock { $0.entries.count } }

    /// Lets go of the tenants that were not asked for the longest. Those being fetched stay.
    private static func evict(_ state: inout State, keeping count: Int) {
        let idle = state.entries.filter { $0.value.fetch == nil }.sorted { $0.value.usedAt < $1.value.usedAt }
        for (tenant, _) in idle.prefix(max(0, state.entries.count - count)) { state.entries[tenant] = nil }
    }
}
