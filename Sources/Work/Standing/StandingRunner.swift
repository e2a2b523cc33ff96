import AccessControl
package import Logging
import Observability
import RPC
import Reactor
package import Records
import Synchronization
package import Tenancy

/// What a service does in each workspace whenever something was written there. It is no job: there is no row of it, and where it is it keeps
/// itself.
package struct StandingWork: Sendable {
    package let name: String
    /// A step, some tenths of a second long; tells whether more is to be done at once.
    package let step: @Sendable (TenantID) async throws -> Bool
    /// A step has failed. It is tried again, and nothing is lost by that.
    package let failed: @Sendable (TenantID) async -> Void
    /// The workspace is closed or gone, and has no steps while it is: what is kept of it in memory is to be forgotten.
    package let left: @Sendable (TenantID) -> Void

    package init(
        _ name: String, step: @escaping @Sendable (TenantID) async throws -> Bool,
        failed: @escaping @Sendable (TenantID) async -> Void = { _ in },
        left: @escaping @Sendable (TenantID) -> Void = { _ in }
    ) {
        (self.name, self.step, self.failed, self.left) = (name, step, failed, left)
    }
}

/// Does standing work for the tenants that it is told of, when it is woken for one, and for each once in a period, since other instances write as
/// well. Tenants take turns. A tenant whose step has failed waits, twice as long each time, whoever wakes it; one that had a step rests a moment, so
/// that many writes cost few steps.
package final class StandingRunner: Sendable {
    private let work: StandingWork
    private let engine: RecordEngine
    private let clock: JobClock
    private let waits: JobAttempts
    private let jitter: @Sendable () -> Double
    private let meter: StandingMeter
    private let logger: Logger
    private let limits: JobLimits
    private let turns: Mutex<JobTurns>
    private let failures = Mutex<[TenantID: Failure]>([:])
    /// Until when tenants rest that had a step.
    private let rests = Mutex<[TenantID: Timestamp]>([:])
    private let isDraining = Atomic<Bool>(false)
    private let bell = JobBell()

    private struct Failure {
        var count: Int
        var until: Timestamp
    }

    /// Steps of all tenants at once.
    private static let turnsMax = 4
    /// Between a step that left nothing and the next one of the same tenant. What was written meanwhile is done together.
    private static let rest = Duration.milliseconds(100)

    package init(
        _ work: StandingWork, _ engine: RecordEngine, clock: JobClock,
        waits: JobAttempts = JobAttempts(2, firstWait: .seconds(1), longestWait: .seconds(60)),
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, meter: StandingMeter, logger: Logger
    ) {
        var limits = JobLimits()
        limits.turnsMax = Self.turnsMax
        (self.work, self.engine, self.clock, self.waits) = (work, engine, clock, waits)
        (self.jitter, self.meter, self.logger, self.limits) = (jitter, meter, logger, limits)
        turns = Mutex(JobTurns(limits))
    }

    /// Works for the tenant from now on, and at once. Call it after a COMMIT.
    package func wake(_ tenant: TenantID) {
        turns.withLock { $0.wake(tenant, at: clock.now()) }
        bell.ring()
    }

    /// Begins nothing new; the steps that are under way end.
    package func drain() {
        isDraining.store(true, ordering: .relaxed)
        bell.ring()
    }

    /// Works until it is drained. On an event loop.
    package func run() async { await work(waits: true) }

    /// Does all that is to be done at this moment of the clock. On an event loop.
    package func settle() async { await work(waits: false) }

    private enum Event: Sendable {
        case stepped(TenantID, next: Timestamp?)
        case rung
    }

    private func work(waits: Bool) async {
        await withTaskGroup(of: Event.self) { group in
            var isWaiting = false
            while true {
                let isDraining = isDraining.load(ordering: .relaxed)
                while !isDraining, let turn = turns.withLock({ $0.next(at: clock.now()) }) {
                    guard case .look(let tenant, _) = turn else { preconditionFailure("standing work has no jobs") }
                    group.addTask { .stepped(tenant, next: await self.step(tenant)) }
                }
                if waits, !isDraining, !isWaiting {
                    isWaiting = true
                    group.addTask { await self.rest() }
                }
                switch await group.next() {
                case nil: return
                case .rung: isWaiting = false
                case .stepped(let tenant, let next):
                    turns.withLock { $0.looked(at: tenant, taken: [], next: next, at: clock.now()) }
                    // It may be earlier than what the sleep under way waits for.
                    if next != nil { bell.ring() }
                }
            }
        }
    }

    private func rest() async -> Event {
        let now = clock.now()
        let next = turns.withLock { $0.nextLook() } ?? now.advanced(by: limits.period)
        let wait = Duration.microseconds(next.microseconds - now.microseconds)
        await bell.wait { await self.clock.sleep(max(wait, .milliseconds(1))) }
        return .rung
    }

    /// - Returns: when the tenant is to be looked at next; nil when nothing is known to be left.
    private func step(_ tenant: TenantID) async -> Timestamp? {
        if let until = waitsUntil(tenant) { return until }
        do {
            guard try await isActive(tenant) else { return nil }
            let hasMore = try await work.step(tenant)
            failures.withLock { $0[tenant] = nil }
            meter.stepped(work.name, hasMore ? .goesOn : .ended)
            guard !hasMore else { return clock.now() }
            rests.withLock { $0[tenant] = clock.now().advanced(by: Self.rest) }
            return nil
        } catch {
            logger.debug(
                "standing work in a workspace failed",
                metadata: [
                    LogKey.tenantID: "\(tenant)", LogKey.jobName: "\(work.name)",
                    LogKey.error: "\(LogText.of(error))",
                ])
            meter.stepped(work.name, .failed)
            await work.failed(tenant)
            return failures.withLock { failures in
                let count = (failures[tenant]?.count ?? 0) + 1
                let until = clock.now().advanced(by: waits.wait(after: min(count, 16), jitter: jitter()))
                failures[tenant] = Failure(count: count, until: until)
                return until
            }
        }
    }

    /// Until when it has no step, whoever wakes it; nil when it may have one.
    private func waitsUntil(_ tenant: TenantID) -> Timestamp? {
        let now = clock.now()
        if let failure = failures.withLock({ $0[tenant] }), failure.until > now { return failure.until }
        return rests.withLock { rests in
            guard let until = rests.removeValue(forKey: tenant), until > now else { return nil }
            rests[tenant] = until
            return until
        }
    }

    /// Of one that is not, nothing is kept. One that is gone is left, too; should it come back, identity says so.
    private func isActive(_ tenant: TenantID) async throws -> Bool {
        do {
            if try await engine.policies.snapshot(of: tenant, minEpoch: 0).isActive { return true }
        } catch let error as RPCError {
            guard error.code == .permissionDenied || error.code == .notFound else { throw error }
            turns.withLock { $0.leave(tenant) }
        }
        failures.withLock { $0[tenant] = nil }
        rests.withLock { $0[tenant] = nil }
        work.left(tenant)
        return false
    }
}
