import Contracts
import RPC
import Records
import Synchronization
import Tenancy
import Testing
import Wire

@testable import ServiceHost

/// Proofs that a program has for a workspace itself.
@Suite struct ProgramTokensTests {
    /// Identity and the program that is called, each of which counts.
    private final class World: RPCChannel {
        /// Proofs that were given.
        let given = Mutex<UInt64>(0)
        /// Those that calls came with.
        let used = Mutex<[CallerTokenBytes?]>([])
        /// What becomes of the next call.
        let refusal = Mutex<String?>(nil)

        func unary(
            _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
        ) async throws(RPCError) -> [UInt8] {
            if method == ProgramServiceMethods.issueProgramToken {
                let number = given.withLock { given in
                    given += 1
                    return given
                }
                let end = Timestamp.now().advanced(by: .seconds(60)).microseconds + Int64(number)
                let token = CallerToken(claims: Array(String(number).utf8))
                return IssueProgramTokenResponse(token: token, expireMicros: end).encoded()
            }
            used.withLock { $0.append(options.callerToken) }
            if let reason = refusal.withLock({ $0.take() }) { throw .unauthenticated(reason, "") }
            return OpenMirrorResponse().encoded()
        }

        func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
            throw RPCError.unimplemented("KIND", method.path)
        }

        func call(_ tokens: ProgramTokens, _ tenant: TenantID = Sample.tenant) async throws(RPCError) {
            let channel = tokens.channel(self, tenant, for: .mirrorRecords, at: .sales)
            _ = try await MirrorServiceClient(channel: channel).openMirror(OpenMirrorRequest(object: "account"))
        }

        var givenCount: UInt64 { given.withLock { $0 } }
    }

    @Test func aProofIsKeptUntilItIsRefused() async throws {
        let world = World()
        let tokens = ProgramTokens(world)
        for _ in 0..<3 { try await world.call(tokens) }
        #expect(world.givenCount == 1)
        for (refused, reason) in ["CALLER_EXPIRED", "CALLER_INVALID"].enumerated() {
            world.refusal.withLock { $0 = reason }
            #expect(await self.reason(world, tokens) == reason)
            try await world.call(tokens)
            try await world.call(tokens)
            #expect(world.givenCount == UInt64(refused + 2))
        }
        // Whatever else is refused has nothing to do with the proof.
        world.refusal.withLock { $0 = "MIRROR_FORBIDDEN" }
        #expect(await self.reason(world, tokens) == "MIRROR_FORBIDDEN")
        try await world.call(tokens)
        #expect(world.givenCount == 3)
        let used = world.used.withLock { $0 }
        #expect(used.allSatisfy { $0 != nil } && Set(used).count == 3)
    }

    private func reason(_ world: World, _ tokens: ProgramTokens) async -> String? {
        do {
            try await world.call(tokens)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func onlySoManyAreKeptAndTheOldestGo() async throws {
        let world = World()
        let tokens = ProgramTokens(world)
        let tenants = (0..<ProgramTokens.countMax + 10).map { _ in TenantID(.make()) }
        for tenant in tenants { try await world.call(tokens, tenant) }
        #expect(tokens.count == ProgramTokens.countMax)
        let given = world.givenCount
        for tenant in tenants[10..<20] { try await world.call(tokens, tenant) }
        #expect(world.givenCount == given)
        for tenant in tenants[0..<10] { try await world.call(tokens, tenant) }
        #expect(world.givenCount == given + 10)
    }
}
