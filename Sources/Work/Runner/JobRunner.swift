package import Logging
import Observability
package import Records
import Synchronization
package import Tenancy
import TenantDatabase
package import Text

/// Runs the jobs of a service for the tenants that it is told of, a step at a time and fairly. Any number of runners may work for
/// the same tenants.
package final class JobRunner: Sendable {
    /// The time zone of a tenant.
    package typealias TimeZones = @Sendable (TenantID) async throws -> TimeZone

    /// This runner, in the rows of the jobs that it has.
    package let id = RecordID.make()
    let definitions: [String: JobDefinition]
    let names: [String]
    let engine: RecordEngine
    let database: TenantDatabase
    let limits: JobLimits
    let clock: JobClock
    let zone: TimeZones
    /// Chance from 0 to 1, for the waits of what failed.
    let jitter: @Sendable () -> Double
    let meter: JobMeter
    let logger: Logger
    private let turns: Mutex<JobTurns>
    /// Tenants in which each schedule has its next run.
    let planted = Mutex<Set<TenantID>>([])
    private let isDraining = Atomic<Bool>(false)
    private let bell = JobBell()

    package init(
        _ definitions: [JobDefinition], _ engine: RecordEngine, limits: JobLimits = JobLimits(), clock: JobClock,
        zone: @escaping TimeZones, jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, meter: JobMeter,
        logger: Logger
    ) {
        self.definitions = Dictionary(definitions.map { ($0.name, $0) }) { one, _ in
            preconditionFailure("two jobs are called \(one.name)")
        }
        names = definitions.map(\.name).sorted()
        (self.engine, database, self.limits, self.clock) = (engine, engine.database, limits, clock)
        (self.zone, self.jitter, self.meter, self.logger) = (zone, jitter, meter, logger)
        turns = Mutex(JobTurns(limits))
    }

    /// Works for the tenant from now on, and looks at once what is due there. Call it after the COMMIT that made a job.
    package func wake(_ tenant: TenantID) {
        let count = turns.withLock { turns in
            turns.wake(tenant, at: clock.now())
            return turns.tenantCount
        }
        meter.works(forTenants: count)
        bell.ring()
    }

    /// Works no more for the tenant; what is under way there goes on to its end.
    package func leave(_ tenant: TenantID) {
        turns.withLock { $0.leave(tenant) }
        planted.withLock { _ = $0.remove(tenant) }
    }

    /// Takes nothing new. The steps that are under way end; what is left is given back, so that others may take it at once.
    package func drain() {
        isDraining.store(true, ordering: .relaxed)
        bell.ring()
    }

    /// Works until it is drained. On an event loop.
    package func run() async { await work(waits: true) }

    /// Does all that is due at this moment of the clock. On an event loop.
    package func settle() async { await work(waits: false) }

    private enum Event: Sendable {
        case looked(TenantID, taken: [HeldJob], next: Timestamp?)
        case stepped(TenantID, HeldJob?)
        case renewed([HeldJob])
        case rung
    }

    private func work(waits: Bool) async {
        await withTaskGroup(of: Event.self) { group in
            var isRenewing = false
            /// Until when it sleeps; nil while it does not.
            var restsUntil: Timestamp?
            while true {
                let isDraining = isDraining.load(ordering: .relaxed)
                while !isDraining, let turn = turns.withLock({ $0.next(at: clock.now()) }) {
                    group.addTask { await self.take(turn) }
                }
                if !isDraining, !isRenewing, case let old = shortLeases(), !old.isEmpty {
                    isRenewing = true
                    group.addTask { .renewed(await self.renew(old)) }
                }
                if waits, !isDraining, restsUntil == nil {
                    let end = restEnd()
                    restsUntil = end
                    group.addTask { await self.rest(until: end) }
                }
                guard let event = await group.next() else { break }
                if case .rung = event { restsUntil = nil }
                if case .renewed = event { isRenewing = false }
                note(event)
                // What it brought may be due before the sleep is over.
                if let end = restsUntil, let next = turns.withLock({ $0.nextLook() }), next < end { bell.ring() }
            }
        }
        if isDraining.load(ordering: .relaxed) { await release(turns.withLock { Array($0.waiting.values) }) }
    }

    private func take(_ turn: JobTurns.Turn) async -> Event {
        switch turn {
        case .look(let tenant, let countMax):
            let (taken, next) = await look(at: tenant, countMax: countMax)
            return .looked(tenant, taken: taken, next: next)
        case .step(let job): return .stepped(job.tenantID, await step(job))
        }
    }

    private func note(_ event: Event) {
        let now = clock.now()
        turns.withLock { turns in
            switch event {
            case .looked(let tenant, let taken, let next): turns.looked(at: tenant, taken: taken, next: next, at: now)
            case .stepped(let tenant, let job): turns.stepped(tenant, job, at: now)
            case .renewed(let jobs): for job in jobs { turns.renewed(job) }
            case .rung: break
            }
        }
    }

    /// When something is due, as far as is known now. Leases are to be looked after meanwhile.
    private func restEnd() -> Timestamp {
        let renewal = clock.now().advanced(by: limits.lease / 4)
        return min(turns.withLock { $0.nextLook() } ?? renewal, renewal)
    }

    /// Sleeps until then, or until somebody rings.
    private func rest(until end: Timestamp) async -> Event {
        let wait = max(clock.now().distance(to: end), .milliseconds(1))
        await bell.wait { await self.clock.sleep(wait) }
        return .rung
    }

    /// Jobs that wait for their next step and whose lease is half over.
    private func shortLeases() -> [HeldJob] {
        let limit = clock.now().advanced(by: limits.lease / 2)
        return turns.withLock { $0.waiting.values.filter { $0.leasedUntil < limit } }
    }
}

extension Timestamp {
    fileprivate func distance(to other: Timestamp) -> Duration { .microseconds(other.microseconds - microseconds) }
}
