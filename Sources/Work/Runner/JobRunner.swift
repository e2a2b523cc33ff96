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
    let loop: TurnLoop
    /// Tenants in which each schedule has its next run.
    let planted = Mutex<Set<TenantID>>([])

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
        loop = TurnLoop(limits, clock)
    }

    /// Works for the tenant from now on, and looks at once what is due there. Call it after the COMMIT that made a job.
    package func wake(_ tenant: TenantID) { meter.works(forTenants: loop.wake(tenant)) }

    /// Works no more for the tenant; what is under way there goes on to its end.
    package func leave(_ tenant: TenantID) {
        loop.leave(tenant)
        planted.withLock { _ = $0.remove(tenant) }
    }

    /// Takes nothing new. The steps that are under way end; what is left is given back, so that others may take it at once.
    package func drain() { loop.drain() }

    /// Works until it is drained. On an event loop.
    package func run() async { await work(waits: true) }

    /// Does all that is due at this moment of the clock. On an event loop.
    package func settle() async { await work(waits: false) }

    private func work(waits: Bool) async {
        let left = await loop.work(waits: waits, renewing: { await self.renew($0) }) { turn in
            switch turn {
            case .look(let tenant, let countMax):
                let (taken, next) = await self.look(at: tenant, countMax: countMax)
                return .looked(tenant, taken: taken, next: next)
            case .step(let job): return .stepped(job, next: await self.step(job))
            }
        }
        await release(left)
    }
}
