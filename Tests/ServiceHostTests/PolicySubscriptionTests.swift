import AccessControl
import Contracts
import Logging
import Observability
import RPC
import Reactor
import Synchronization
import Tenancy
import Testing
import Wire

@testable import ServiceHost

/// Plays identity: answers GetPolicy from a table, and its watch stream says what the test tells it to.
private final class IdentityDouble: RPCChannel {
    struct State {
        var policies: [TenantID: TenantPolicy] = [:]
        var fetchCount = 0
        var isDown = false
    }

    let state = Mutex(State())
    private let streams = Mutex<[AsyncThrowingStream<WatchPoliciesResponse, any Error>.Continuation]>([])
    let opened = AsyncStream.makeStream(of: Void.self)

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        do {
            let wanted = try GetPolicyRequest(decoding: request).tenantID.flatMap { RecordID(bytes: $0) }
            return try state.withLock { state in
                state.fetchCount += 1
                if state.isDown { throw RPCError.unavailable("DOWN", "down") }
                guard let policy = wanted.flatMap({ state.policies[TenantID($0)] }) else {
                    throw RPCError.notFound("TENANT_NOT_FOUND", "no such tenant")
                }
                return GetPolicyResponse(policy: policy).encoded()
            }
        } catch {
            throw RPCError(masking: error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: WatchPoliciesResponse.self)
        streams.withLock { $0.append(continuation) }
        opened.continuation.yield()
        return Call(stream)
    }

    func say(_ changes: [PolicyChange] = []) {
        _ = streams.withLock { $0.last }?.yield(WatchPoliciesResponse(changes: changes))
    }

    func breakStream() {
        streams.withLock { $0.popLast() }?.finish(throwing: RPCError.unavailable("GONE", "gone"))
    }

    private actor Call: ClientCall {
        private var iterator: AsyncThrowingStream<WatchPoliciesResponse, any Error>.Iterator

        init(_ stream: AsyncThrowingStream<WatchPoliciesResponse, any Error>) {
            iterator = stream.makeAsyncIterator()
        }
        func send(_ message: [UInt8]) async throws(RPCError) {}
        func finish() async throws(RPCError) {}
        func next() async throws(RPCError) -> [UInt8]? {
            do {
                var copy = iterator
                let response = try await copy.next(isolation: self)
                iterator = copy
                return response?.encoded()
            } catch {
                throw RPCError(masking: error)
            }
        }
        nonisolated func cancel() {}
    }
}

@Suite struct PolicySubscriptionTests {
    private let loops: EventLoopGroup
    private let identity = IdentityDouble()
    private let subscription: PolicySubscription

    init() throws {
        loops = try EventLoopGroup(count: 1)
        subscription = PolicySubscription(
            channel: identity, loop: loops.loops[0], logger: Logger(label: "test"),
            factory: PrometheusRegistry())
    }

    private func policy(epoch: Int64, isActive: Bool = true) -> TenantPolicy {
        let role = RecordID(high: 8, low: 8)
        return TenantPolicy(
            tenantID: Sample.tenant.id.bytes, epoch: epoch, active: isActive,
            roles: [
                PolicyRole(
                    id: role.bytes, displayName: "Rep",
                    grants: [Grant(object: "account", action: "read", scope: .own)],
                    fieldPolicies: [FieldPolicy(object: "account", field: "phone", access: .masked)])
            ],
            users: [PolicyUser(id: Sample.user.id.bytes, roleIDs: [role.bytes])],
            placements: [TenantPlacement(service: "customer", database: "default", partition: 2, epoch: 1)])
    }

    private func set(_ policy: TenantPolicy) {
        identity.state.withLock { $0.policies[Sample.tenant] = policy }
    }

    private func snapshot(minEpoch: Int64 = 0) async throws -> PolicySnapshot {
        try await subscription.snapshot(of: Sample.tenant, minEpoch: minEpoch)
    }

    /// Polls what has no event to wait for, on the clock of the loop.
    private func eventually(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try await condition() { return }
            try await loops.loops[0].sleep(for: .milliseconds(10))
        }
        Issue.record("did not happen within 60 s")
    }

    @Test func policiesAndPlacementsBecomeValues() async throws {
        set(policy(epoch: 4))
        let snapshot = try await snapshot()
        let access = try #require(snapshot.access(of: Sample.user))
        #expect(snapshot.epoch == 4)
        #expect(access.object("account").scope(.read) == .own)
        #expect(access.object("account").scope(.delete) == .none)
        #expect(access.object("account").level(of: "phone") == .masked)
        let placement = try await subscription.placement(of: Sample.tenant, service: .customer)
        #expect(placement.partition == 2)
        #expect(
            await reason { _ = try await subscription.placement(of: Sample.tenant, service: .sales) }
                == "TENANT_NOT_PLACED")
        #expect(identity.state.withLock { $0.fetchCount } == 1)
    }

    @Test func aCallerWithANewerEpochCausesAFetch() async throws {
        set(policy(epoch: 1))
        _ = try await snapshot()
        set(policy(epoch: 2))
        #expect(try await snapshot(minEpoch: 1).epoch == 1)
        #expect(try await snapshot(minEpoch: 2).epoch == 2)
        #expect(await reason { _ = try await snapshot(minEpoch: 3) } == "POLICY_UNAVAILABLE")
    }

    @Test func errorsAreToldApart() async throws {
        #expect(await reason { _ = try await snapshot() } == "TENANT_NOT_SERVED")
        identity.state.withLock { $0.isDown = true }
        #expect(await reason { _ = try await snapshot() } == "POLICY_UNAVAILABLE")
    }

    /// Starts, and waits until identity has been heard. Gives the streams that are opened after this one.
    private func begin() async throws -> AsyncStream<Void>.Iterator {
        subscription.start()
        var opened = identity.opened.stream.makeAsyncIterator()
        await opened.next()
        identity.say()
        try await eventually { subscription.readinessProblem == nil }
        return opened
    }

    @Test func writesWaitForASignOfLife() async throws {
        #expect(await reason { try subscription.requireFreshForWrite() } == "POLICY_STALE")
        #expect(subscription.readinessProblem != nil && subscription.writingProblem != nil)
        _ = try await begin()
        #expect(await reason { try subscription.requireFreshForWrite() } == nil)
        #expect(subscription.writingProblem == nil)
        subscription.stop()
    }

    @Test func aChangeIsHeardAndFetched() async throws {
        set(policy(epoch: 1))
        _ = try await begin()
        #expect(try await snapshot().epoch == 1)
        set(policy(epoch: 2, isActive: false))
        identity.say([PolicyChange(tenantID: Sample.tenant.id.bytes, epoch: 2)])
        try await eventually { try await snapshot().epoch == 2 }
        #expect(try await snapshot().access(of: Sample.user) == nil)
        subscription.stop()
    }

    @Test func afterABrokenStreamEverythingIsFetchedAnew() async throws {
        set(policy(epoch: 1))
        var opened = try await begin()
        _ = try await snapshot()
        // This change is announced to nobody.
        set(policy(epoch: 2))
        identity.breakStream()
        await opened.next()
        #expect(try await snapshot().epoch == 1)
        identity.say()
        try await eventually { try await snapshot().epoch == 2 }
        subscription.stop()
    }
}
