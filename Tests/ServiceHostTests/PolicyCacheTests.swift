import AccessControl
import Reactor
import Synchronization
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct PolicyCacheTests {
    private let tenant = Sample.tenant

    private func view(_ epoch: Int64, of tenant: TenantID? = nil) -> PolicySnapshot {
        PolicySnapshot(tenantID: tenant ?? self.tenant, epoch: epoch, isActive: true, roles: [], units: [], users: [])
    }

    /// Asks; gives the epoch known, or the number of the fetch that was begun, or nil when one was running.
    private func ask(_ cache: PolicyCache, minEpoch: Int64 = 0) -> (known: Int64?, begun: UInt64?) {
        var begun: UInt64?
        let answer = cache.answer(tenant, minEpoch: minEpoch) { id in
            begun = id
            return Task { throw CancellationError() }
        }
        if case .known(let view) = answer { return (view.epoch, nil) }
        return (nil, begun)
    }

    @Test func oneFetchServesAllWhoAsk() throws {
        let cache = PolicyCache()
        let id = try #require(ask(cache).begun)
        #expect(ask(cache).begun == nil)
        cache.finishFetch(tenant, id: id, view(1))
        #expect(ask(cache).known == 1)
    }

    @Test func aNewerEpochIsFetched() throws {
        let cache = PolicyCache()
        cache.finishFetch(tenant, id: try #require(ask(cache).begun), view(1))
        #expect(ask(cache, minEpoch: 1).known == 1)
        #expect(ask(cache, minEpoch: 2).begun != nil)
    }

    @Test func anAnnouncedChangeMakesTheOldOneWorthless() throws {
        let cache = PolicyCache()
        cache.finishFetch(tenant, id: try #require(ask(cache).begun), view(1))
        cache.announce(tenant, epoch: 2)
        #expect(ask(cache).begun != nil)
    }

    @Test func aChangeAnnouncedDuringAFetchIsNotLost() throws {
        let cache = PolicyCache()
        let id = try #require(ask(cache).begun)
        cache.announce(tenant, epoch: 2)
        cache.finishFetch(tenant, id: id, view(1))
        let second = try #require(ask(cache).begun)
        cache.finishFetch(tenant, id: second, view(2))
        #expect(ask(cache).known == 2)
    }

    /// Counts fetches that bring this epoch, and holds them back until told otherwise.
    private final class Source: Sendable {
        let epoch: Int64
        let count = Atomic<Int>(0)
        private let isOpen = Atomic<Bool>(false)

        init(epoch: Int64) { self.epoch = epoch }

        func open() { isOpen.store(true, ordering: .relaxed) }

        func fetch() async -> PolicySnapshot {
            count.add(1, ordering: .relaxed)
            while !isOpen.load(ordering: .relaxed) { await Task.yield() }
            return PolicySnapshot(
                tenantID: Sample.tenant, epoch: epoch, isActive: true, roles: [], units: [], users: [])
        }
    }

    @Test func anEpochThatThereNeverWasCostsOneFetch() async {
        let cache = PolicyCache()
        let source = Source(epoch: 1)
        source.open()
        let ask = { _ = try await cache.policy(of: Sample.tenant, minEpoch: 1 << 40) { await source.fetch() } }
        #expect(await reason(ask) == "POLICY_UNAVAILABLE")
        #expect(source.count.load(ordering: .relaxed) == 1)
        // Whoever comes later knows of later changes, maybe.
        #expect(await reason(ask) == "POLICY_UNAVAILABLE")
        #expect(source.count.load(ordering: .relaxed) == 2)
    }

    /// All come while one fetch is under way: it is too old for them, and they share the next.
    @Test func manyThatNameSuchAnEpochShareTheFetches() async throws {
        let loops = try EventLoopGroup(count: 1)
        let cache = PolicyCache()
        let source = Source(epoch: 1)
        let asked = (0..<100).map { _ in
            Task(executorPreference: loops.loops[0]) {
                await reason {
                    _ = try await cache.policy(of: Sample.tenant, minEpoch: 1 << 40) { await source.fetch() }
                }
            }
        }
        // The loop takes its tasks in turn, so all have asked when this one runs.
        await Task(executorPreference: loops.loops[0]) { source.open() }.value
        for task in asked { #expect(await task.value == "POLICY_UNAVAILABLE") }
        #expect(source.count.load(ordering: .relaxed) <= 2)
    }

    @Test func whatIsForgottenDoesNotComeBackFromARunningFetch() throws {
        let cache = PolicyCache()
        let old = try #require(ask(cache).begun)
        cache.forgetAll()
        let new = try #require(ask(cache).begun)
        cache.finishFetch(tenant, id: old, view(1))
        #expect(ask(cache).known == nil)
        cache.finishFetch(tenant, id: new, view(2))
        #expect(ask(cache).known == 2)
    }

    @Test func aFailedFetchLeavesRoomForTheNext() throws {
        let cache = PolicyCache()
        cache.finishFetch(tenant, id: try #require(ask(cache).begun), nil)
        #expect(ask(cache).begun != nil)
    }

    @Test func theLeastUsedGoWhenItIsFull() {
        let cache = PolicyCache(countMax: 10)
        for number in 0..<11 {
            let tenant = TenantID(RecordID(high: 5, low: UInt64(number)))
            var begun: UInt64 = 0
            _ = cache.answer(tenant, minEpoch: 0) { id in
                begun = id
                return Task { throw CancellationError() }
            }
            cache.finishFetch(tenant, id: begun, view(1, of: tenant))
        }
        #expect(cache.count == 9)
        let last = TenantID(RecordID(high: 5, low: 10))
        let answer = cache.answer(last, minEpoch: 0) { _ in Task { throw CancellationError() } }
        if case .wait = answer { Issue.record("the newest was dropped") }
    }
}
