package import AccessControl
import RPC
package import Reactor
import Synchronization
package import Tenancy

/// The policies in memory, the rules by which they become old, and who fetches for whom. No clock.
///
/// All who wait for a tenant's policy share one fetch. One that began after a call had come is the last word for that call: an
/// epoch that it does not bring is none that the caller can have heard of, and naming it costs no further fetch.
///
/// A change that is announced while a policy is being fetched must not be lost: the epoch announced is kept beside the
/// fetch, and an answer older than it does not count for whoever comes after the announcement.
package final class PolicyCache: Sendable {
    /// What to do for somebody who asks.
    enum Answer {
        /// In memory and new enough.
        case known(PolicySnapshot)
        /// Being fetched, by the fetch of this number.
        case wait(Task<PolicySnapshot, any Error>, id: UInt64)
    }

    private struct Entry {
        var policy: PolicySnapshot?
        var fetch: Task<PolicySnapshot, any Error>?
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

        mutating func known(_ tenant: TenantID, minEpoch: Int64) -> PolicySnapshot? {
            clock += 1
            guard let index = entries.index(forKey: tenant) else { return nil }
            entries.values[index].usedAt = clock
            let announced = entries.values[index].announced
            return entries.values[index].policy.flatMap { $0.epoch >= max(minEpoch, announced) ? $0 : nil }
        }
    }

    private let state = Mutex(State())
    private let countMax: Int

    /// - Parameter countMax: tenants kept; past it those go that were not asked for the longest.
    package init(countMax: Int = HostLimits.policyCountMax) { self.countMax = countMax }

    /// The policy with at least this epoch, from memory or by a fetch that all who wait share. `loop` is for the fetch of somebody
    /// who is on none.
    ///
    /// - Throws: UNAVAILABLE / POLICY_UNAVAILABLE when no change ever had that epoch, and what `fetch` throws.
    package func policy(
        of tenant: TenantID, minEpoch: Int64, loop: EventLoop? = nil,
        _ fetch: @escaping @Sendable () async throws -> PolicySnapshot
    ) async throws -> PolicySnapshot {
        let arrival = moment()
        // Twice at the most: a fetch that was under way already may bring too old a policy, the next one is authoritative.
        while true {
            let answer = answer(tenant, minEpoch: minEpoch) { id in
                Task(executorPreference: EventLoop.current ?? loop) {
                    var fetched: PolicySnapshot?
                    defer { self.finishFetch(tenant, id: id, fetched) }
                    let policy = try await fetch()
                    fetched = policy
                    return policy
                }
            }
            switch answer {
            case .known(let policy): return policy
            case .wait(let fetch, let id):
                let policy = try await fetch.value
                guard id > arrival else { continue }
                guard policy.epoch >= minEpoch else { throw Self.noSuchEpoch }
                return policy
            }
        }
    }

    private static var noSuchEpoch: RPCError {
        RPCError.unavailable(
            "POLICY_UNAVAILABLE",
            "The workspace's rights have no version as new as the call demands; try again, or demand less.",
            retryDelay: .milliseconds(50))
    }

    /// The policy if it is in memory with at least this epoch.
    func known(_ tenant: TenantID, minEpoch: Int64) -> PolicySnapshot? {
        state.withLock { $0.known(tenant, minEpoch: minEpoch) }
    }

    /// The model of the last policy in memory, however old: what was made of it serves the next policy if that has the same.
    package func model(of tenant: TenantID) -> TenantModel? {
        state.withLock { state in state.entries[tenant].flatMap { $0.policy?.model } }
    }

    /// A moment that all fetches begun so far are before.
    private func moment() -> UInt64 { state.withLock { $0.clock } }

    /// The policy if it is in memory with at least this epoch; otherwise the running fetch, or one that `fetch` begins
    /// under the number it is given.
    func answer(
        _ tenant: TenantID, minEpoch: Int64, _ fetch: (_ id: UInt64) -> Task<PolicySnapshot, any Error>
    ) -> Answer {
        state.withLock { state in
            if let policy = state.known(tenant, minEpoch: minEpoch) { return .known(policy) }
            var entry = state.entries[tenant] ?? Entry(usedAt: state.clock)
            defer { state.entries[tenant] = entry }
            if let running = entry.fetch { return .wait(running, id: entry.fetchID) }
            let begun = fetch(state.clock)
            entry.fetch = begun
            entry.fetchID = state.clock
            return .wait(begun, id: state.clock)
        }
    }

    /// Ends a fetch and keeps what it brought, unless everything was forgotten in the meantime.
    func finishFetch(_ tenant: TenantID, id: UInt64, _ policy: PolicySnapshot?) {
        state.withLock { state in
            guard var entry = state.entries[tenant], entry.fetch != nil, entry.fetchID == id else { return }
            entry.fetch = nil
            if let policy { entry.policy = policy }
            state.entries[tenant] = entry.policy == nil ? nil : entry
            if state.entries.count > countMax { Self.evict(&state, keeping: countMax - countMax / 10) }
        }
    }

    /// The tenant's policy has a new epoch. Who asks from now on gets this one or a newer one.
    package func announce(_ tenant: TenantID, epoch: Int64) {
        state.withLock { state in
            // A tenant that nobody asked for is fetched when somebody does, and then it is as new as can be.
            guard var entry = state.entries[tenant] else { return }
            entry.announced = max(entry.announced, epoch)
            state.entries[tenant] = entry
        }
    }

    /// The tenant's policy has changed: it is fetched anew when next asked for, also if it is being fetched now.
    package func forget(_ tenant: TenantID) {
        state.withLock { $0.entries[tenant] = nil }
    }

    /// Changes may have gone unheard: everything is fetched anew when next asked for, what is being fetched included.
    package func forgetAll() {
        state.withLock { $0.entries.removeAll() }
    }

    /// Tenants in memory.
    package var count: Int { state.withLock { $0.entries.count } }

    /// Lets go of the tenants that were not asked for the longest. Those being fetched stay.
    private static func evict(_ state: inout State, keeping count: Int) {
        let idle = state.entries.filter { $0.value.fetch == nil }.sorted { $0.value.usedAt < $1.value.usedAt }
        for (tenant, _) in idle.prefix(max(0, state.entries.count - count)) { state.entries[tenant] = nil }
    }
}
