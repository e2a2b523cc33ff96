import AccessControl
package import CoreMetrics
package import Logging
import Observability
import RPC
package import Reactor
package import Records
import Synchronization
package import Tenancy
import TenantDatabase
import Text
package import Work

/// Runs the jobs of a service in its program: for all workspaces that identity names, and for those of which something is heard.
package final class JobHost: Sendable {
    /// A page of the tenants after one of them; an empty one is behind the last.
    package typealias Tenants = @Sendable (TenantID?) async throws -> [TenantID]

    private let runner: JobRunner
    private let standing: [StandingRunner]
    private let tenants: Tenants
    private let database: TenantDatabase
    private let sweepPeriod: Duration
    private let sweeps = Mutex((jobs: WriteSweep(), changes: WriteSweep()))
    private let loop: EventLoop
    private let logger: Logger
    private let running = Mutex<[Task<Void, Never>]>([])
    private let listing = Mutex<Task<Void, Never>?>(nil)
    /// Told when the tenants are to be asked for anew.
    private let asks = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - jobs: those of the service; the host adds what every service does.
    ///   - standing: what it does whenever something was written.
    ///   - sweepPeriod: how often a workspace is looked for in which another instance wrote.
    ///   - loop: where the runner works.
    package init(
        _ jobs: [JobDefinition], standing: [StandingWork] = [], _ engine: RecordEngine, tenants: @escaping Tenants,
        sweepPeriod: Duration = .seconds(300), loop: EventLoop, logger: Logger, metrics: any MetricsFactory
    ) {
        (self.tenants, self.loop, self.logger) = (tenants, loop, logger)
        (database, self.sweepPeriod) = (engine.database, sweepPeriod)
        let zones = ZoneCache(engine.policies, logger)
        runner = JobRunner(
            jobs, engine, clock: .system(loop), zone: { try await zones.zone(of: $0) }, meter: JobMeter(metrics),
            logger: logger)
        self.standing = standing.map {
            StandingRunner($0, engine, clock: .system(loop), meter: StandingMeter(metrics), logger: logger)
        }
        engine.bell.listen { [runner] in runner.wake($0) }
        engine.changeBell.listen { [standing = self.standing] tenant in for runner in standing { runner.wake(tenant) } }
    }

    package func start() {
        asks.continuation.yield()
        running.withLock { running in
            running.append(loop.spawn { [runner] in await runner.run() })
            for standing in standing { running.append(loop.spawn { await standing.run() }) }
        }
        listing.withLock { $0 = loop.spawn { [self] in await listAndSweep() } }
    }

    /// Something of the workspace has changed: it is new, or is served again.
    package func heard(of tenant: TenantID) { wake(tenant) }

    private func wake(_ tenant: TenantID) {
        runner.wake(tenant)
        for standing in standing { standing.wake(tenant) }
    }

    /// Changes may have gone unheard.
    package func listAgain() { asks.continuation.yield() }

    /// Begins nothing new. Steps that are under way end; other programs may take the rest at once.
    package func stop() {
        runner.drain()
        for standing in standing { standing.drain() }
    }

    /// Waits until that is done.
    package func drain() async {
        stop()
        asks.continuation.finish()
        let listing = listing.withLock { $0 }
        listing?.cancel()
        await listing?.value
        for task in running.withLock({ $0 }) { await task.value }
    }

    /// What is counted before the tenants are listed, and looked at, is the base of all sweeps.
    private func listAndSweep() async {
        _ = await written()
        await withTaskGroup { group in
            group.addTask { await self.listWhenAsked() }
            group.addTask { await self.sweepAgainAndAgain() }
        }
    }

    private static let sweepTimeout = Duration.seconds(10)

    private func sweepAgainAndAgain() async {
        // Once in a period; what ends the sleep early is that the program drains.
        while (try? await loop.sleep(for: sweepPeriod)) != nil {
            let written = await written()
            for tenant in written.jobs { runner.wake(tenant) }
            for tenant in written.changes { for standing in standing { standing.wake(tenant) } }
        }
    }

    /// Where jobs or records were written since the last time. What could not be asked is found the next time.
    private func written() async -> (jobs: [TenantID], changes: [TenantID]) {
        do {
            let deadline = Deadline.after(Self.sweepTimeout).nanoseconds
            let jobs = try await database.writeCounts(of: "jobs", deadline: deadline)
            let changes = standing.isEmpty ? [:] : try await database.writeCounts(of: "ledger", deadline: deadline)
            return sweeps.withLock { ($0.jobs.changed(jobs), $0.changes.changed(changes)) }
        } catch {
            logger.warning("written rows cannot be counted", metadata: [LogKey.error: "\(LogText.of(error))"])
            return ([], [])
        }
    }

    private func listWhenAsked() async {
        var wait = Self.firstWait
        for await _ in asks.stream {
            do {
                try await list()
                wait = Self.firstWait
            } catch {
                logger.debug("tenants cannot be listed", metadata: [LogKey.error: "\(LogText.of(error))"])
                // The next sign of identity's asks again, too.
                try? await loop.sleep(for: wait)
                wait = min(wait * 2, Self.longestWait)
                asks.continuation.yield()
            }
        }
    }

    private static let firstWait: Duration = .milliseconds(200)
    private static let longestWait: Duration = .seconds(10)

    private func list() async throws {
        var last: TenantID?
        while true {
            let page = try await tenants(last)
            for tenant in page { wake(tenant) }
            guard let end = page.last else { return }
            last = end
        }
    }
}
