import AccessControl
import Contracts
import RPC
import Reactor
import Synchronization
import Tenancy
import Testing

@testable import IdentityService

@Suite struct LocalPoliciesTests {
    /// Counts what is compiled, and holds it back until told otherwise.
    private final class Tables: Sendable {
        let count = Atomic<Int>(0)
        let isOpen = Atomic<Bool>(false)

        func compile(_ tenant: TenantID, _ deadline: Deadline) async -> TenantPolicy {
            count.add(1, ordering: .relaxed)
            while !isOpen.load(ordering: .relaxed) { await Task.yield() }
            return TenantPolicy(tenantID: tenant.id.bytes, epoch: 7, active: true)
        }
    }

    /// Identity's own calls, too, share a policy that is being put together, and a version that there never was costs no more.
    @Test func callsShareWhatIsCompiled() async throws {
        let loops = try EventLoopGroup(count: 1)
        let tenant = TenantID(.make())
        let tables = Tables()
        let policies = LocalPolicies(tables.compile)
        try await withThrowingTaskGroup { group in
            for number in 0..<100 {
                group.addTask(executorPreference: loops.loops[0]) {
                    guard number % 2 == 0 else {
                        let snapshot = try await policies.snapshot(of: tenant, minEpoch: 7)
                        return #expect(snapshot.epoch == 7)
                    }
                    let error = await #expect(throws: RPCError.self) {
                        try await policies.snapshot(of: tenant, minEpoch: .max)
                    }
                    #expect(error?.reason == "POLICY_UNAVAILABLE")
                }
            }
            // The loop takes its tasks in turn, so all have asked when this one runs.
            group.addTask(executorPreference: loops.loops[0]) { tables.isOpen.store(true, ordering: .relaxed) }
            try await group.waitForAll()
        }
        #expect(tables.count.load(ordering: .relaxed) <= 2)
    }
}
