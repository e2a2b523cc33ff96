import RPC
import Synchronization
import Tenancy
import TestSupport
import Testing

@testable import Records

/// No part of what is to be reckoned keeps another one waiting.
@Suite struct ReckoningPartsTests {
    /// Parts that take the time of a clock.
    private final class World: Sendable {
        let tenant = TenantID(.make())
        let clock: HandClock
        private let parts: ReckoningParts
        private let sizes = Mutex<[String: [Int]]>([:])

        init() {
            let clock = HandClock()
            (self.clock, parts) = (clock, ReckoningParts { clock.now })
        }

        func part(
            _ object: String, taking duration: Duration = .zero, _ step: ReckoningStep = .advanced,
            failing error: RPCError? = nil
        ) -> ReckoningPart {
            ReckoningPart(.marked(object)) { [self] size in
                sizes.withLock { $0[object, default: []].append(size) }
                clock.pass(duration)
                if let error { throw error }
                return step
            }
        }

        @discardableResult
        func step(_ parts: ReckoningPart..., of tenant: TenantID? = nil) async throws -> ReckoningStep {
            try await self.parts.step(tenant ?? self.tenant, parts, timeout: .seconds(30))
        }

        /// The sizes with which a kind was done, since this was asked last.
        func done(_ object: String) -> [Int] { sizes.withLock { $0.removeValue(forKey: object) ?? [] } }

        func leave() { parts.leave(tenant) }
    }

    private static let late = RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", "late")
    private static let away = RPCError.unavailable("DATABASE_UNAVAILABLE", "away")

    @Test func whatTakesTooLongIsTriedWithFewer() async throws {
        let world = World()
        for _ in 0..<9 {
            let error = await #expect(throws: RPCError.self) {
                try await world.step(world.part("account", failing: Self.late))
            }
            #expect(error?.reason == "DEADLINE_EXCEEDED")
            world.clock.pass(.seconds(60))
        }
        #expect(world.done("account") == [200, 100, 50, 25, 12, 6, 3, 1, 1])
        // Others are not concerned.
        try await world.step(world.part("deal"))
        try await world.step(world.part("account"), of: TenantID(.make()))
        #expect(world.done("deal") + world.done("account") == [200, 200])
        // What takes a third of the time is not done with more.
        for _ in 0..<2 { try await world.step(world.part("account", taking: .seconds(10))) }
        for _ in 0..<9 { try await world.step(world.part("account")) }
        #expect(world.done("account") == [1, 1, 1, 2, 4, 8, 16, 32, 64, 128, 200])
    }

    @Test func otherRefusalsDoNotMakeItFewer() async throws {
        let world = World()
        for _ in 0..<3 {
            await #expect(throws: RPCError.self) { try await world.step(world.part("account", failing: Self.away)) }
            world.clock.pass(.seconds(60))
        }
        #expect(world.done("account") == [200, 200, 200])
    }

    @Test func whatIsRefusedWaitsAloneAndLongerEachTime() async throws {
        let world = World()
        var waits: [Int] = []
        for second in 0..<200 {
            let step = try await world.step(world.part("account", failing: Self.away), world.part("deal"))
            #expect(step == .advanced)
            if !world.done("account").isEmpty { waits.append(second) }
            world.clock.pass(.seconds(1))
        }
        #expect(world.done("deal").count == 200)
        #expect(waits == [0, 1, 3, 7, 15, 31, 63, 123, 183])
        // Where nothing else is to be done it is looked at again.
        #expect(try await world.step(world.part("account")) == .held)
        world.leave()
        #expect(try await world.step(world.part("account")) == .advanced)
    }

    @Test func aStepGoesOnWhereTheLastOneEnded() async throws {
        let world = World()
        func step() async throws -> [String] {
            let step = try await world.step(
                world.part("account", taking: .milliseconds(600)), world.part("contact", taking: .milliseconds(600)),
                world.part("deal", taking: .seconds(2), failing: Self.late), world.part("lead", .idle))
            #expect(step == .advanced)
            return ["account", "contact", "deal", "lead"].filter { !world.done($0).isEmpty }
        }
        #expect(try await step() == ["account", "contact"])
        #expect(try await step() == ["deal"])
        #expect(try await step() == ["account", "contact", "lead"])
        #expect(try await step() == ["deal"])
        #expect(try await world.step(world.part("lead", .idle)) == .idle)
    }
}
