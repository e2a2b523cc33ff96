import AccessControl
package import Logging
import Observability
import RPC
package import Records
import Synchronization
package import Tenancy

/// What a service does in each workspace whenever something was written there. It is no job: there is no row of it, and where it is it keeps
/// itself.
package struct StandingWork: Sendable {
    /// What a step leaves.
    package enum Outcome: Sendable {
        /// Nothing.
        case ended
        /// More is to be done at once.
        case goesOn
        /// Somebody else is at it, and may leave it lying: it is to be looked at after a while, should nobody wake it before.
        case held(Duration)
    }

    package let name: String
    /// A step, some tenths of a second long.
    package let step: @Sendable (TenantID) async throws -> Outcome
    /// A step has failed. It is tried again, and nothing is lost by that.
    package let failed: @Sendable (TenantID) async -> Void
    /// The workspace is closed or gone, and has no steps while it is: what is kept of it in memory is to be forgotten.
    package let left: @Sendable (TenantID) -> Void

    package init(
        _ name: String, step: @escaping @Sendable (TenantID) async throws -> Outcome,
        failed: @escaping @Sendable (TenantID) async -> Void = { _ in },
        left: @escaping @Sendable (TenantID) -> Void = { _ in }
    ) {
        (self.name, self.step, self.failed, self.left) = (name, step, failed, left)
    }

    /// The same for a step that tells whether more is to be done at once.
    package init(
        _ name: String, step: @escaping @Sendable (TenantID) async throws -> Bool,
        failed: @escaping @Sendable (TenantID) async -> Void = { _ in },
        left: @escaping @Sendable (TenantID) -> Void = { _ in }
    ) {
        self.init(name, step: { try await step($0) ? Outcome.goesOn : .ended }, failed: failed, left: left)
    }
}

/// Does standing work for the tenants that it is told of, when it is woken for one: by what writes in this process, and by the sweep of the host for
/// what other instances wrote. Tenants take turns. A tenant whose step has failed waits, twice as long each time, whoever wakes it; one that had a step rests a moment, so
/// that many writes cost few steps, and after a long one as long as that took: what a tenant makes costly takes half of a connection, and not all of it.
package final class StandingRunner: Sendable {
    private let work: StandingWork
    private let engine: RecordEngine
    private let clock: JobClock
    private let waits: JobAttempts
    private let jitter: @Sendable () -> Double
    private let meter: StandingMeter
    private let logger: Logger
    private let loop: TurnLoop
    /// Steps of tenants that have failed in a row.
    private let failures = Mutex<[TenantID: Int]>([:])

    /// Steps of all tenants at once.
    private static let turnsMax = 4
    /// Between a step that left nothing and the next one of the same tenant. What was written meanwhile is done together.
    private static let rest = Duration.milliseconds(100)
    /// A step that takes longer is followed by a rest of its own length.
    private static let longStep = Duration.milliseconds(250)

    package init(
        _ work: StandingWork, _ engine: RecordEngine, clock: JobClock,
        waits: JobAttempts = JobAttempts(2, firstWait: .seconds(1), longestWait: .seconds(60)),
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, meter: StandingMeter, logger: Logger
    ) {
        var limits = JobLimits()
        limits.turnsMax = Self.turnsMax
        (self.work, self.engine, self.clock, self.waits) = (work, engine, clock, waits)
        (self.jitter, self.meter, self.logger) = (jitter, meter, logger)
        loop = TurnLoop(limits, clock)
    }

    /// Works for the tenant from now on, and at once. Call it after a COMMIT.
    package func wake(_ tenant: TenantID) { loop.wake(tenant) }

    /// Begins nothing new; the steps that are under way end.
    package func drain() { loop.drain() }

    /// Works until it is drained. On an event loop.
    package func run() async { await work(waits: true) }

    /// Does all that is to be done at this moment of the clock. On an event loop.
    package func settle() async { await work(waits: false) }

    private func work(waits: Bool) async {
        _ = await loop.work(waits: waits) { turn in
            guard case .look(let tenant, _) = turn else { preconditionFailure("standing work has no jobs") }
            return await self.step(tenant)
        }
    }

    private func step(_ tenant: TenantID) async -> TurnLoop.Outcome {
        do {
            guard try await isActive(tenant) else { return .looked(tenant, next: nil) }
            let begun = clock.now()
            let outcome = try await work.step(tenant)
            let end = clock.now()
            failures.withLock { $0[tenant] = nil }
            let taken = begun.distance(to: end)
            let pause = taken > Self.longStep ? taken : Self.rest
            switch outcome {
            case .goesOn:
                meter.stepped(work.name, .goesOn)
                let until = end.advanced(by: taken > Self.longStep ? taken : .zero)
                return .looked(tenant, next: until, notBefore: until)
            case .ended:
                meter.stepped(work.name, .ended)
                return .looked(tenant, next: nil, notBefore: end.advanced(by: pause))
            case .held(let time):
                meter.stepped(work.name, .ended)
                return .looked(
                    tenant, next: end.advanced(by: max(time, pause)), notBefore: end.advanced(by: pause))
            }
        } catch {
            logger.debug(
                "standing work in a workspace failed",
                metadata: [
                    LogKey.tenantID: "\(tenant)", LogKey.jobName: "\(work.name)",
                    LogKey.error: "\(LogText.of(error))",
                ])
            meter.stepped(work.name, .failed)
            await work.failed(tenant)
            let count = failures.withLock { failures in
                failures[tenant, default: 0] += 1
                return failures[tenant] ?? 1
            }
            let until = clock.now().advanced(by: waits.wait(after: min(count, 16), jitter: jitter()))
            return .looked(tenant, next: until, notBefore: until)
        }
    }

    /// Of one that is not, nothing is kept. One that is gone is left, too; should it come back, identity says so.
    private func isActive(_ tenant: TenantID) async throws -> Bool {
        do {
            if try await engine.policies.snapshot(of: tenant, minEpoch: 0).isActive { return true }
        } catch let error as RPCError {
            guard error.code == .permissionDenied || error.code == .notFound else { throw error }
            loop.leave(tenant)
        }
        failures.withLock { $0[tenant] = nil }
        work.left(tenant)
        return false
    }
}
