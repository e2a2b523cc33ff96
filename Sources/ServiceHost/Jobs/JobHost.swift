import AccessControl
package import CoreMetrics
package import Logging
import Observability
package import Reactor
package import Records
import Synchronization
package import Tenancy
import Text
package import Work

/// Runs the jobs of a service in its program: for all workspaces that identity names, and for those of which something is heard.
package final class JobHost: Sendable {
    /// A page of the tenants after one of them; an empty one is behind the last.
    package typealias Tenants = @Sendable (TenantID?) async throws -> [TenantID]

    private let runner: JobRunner
    private let standing: [StandingRunner]
    private let tenants: Tenants
    private let loop: EventLoop
    private let logger: Logger
    private let running = Mutex<[Task<Void, Never>]>([])
    private let listing = Mutex<Task<Void, Never>?>(nil)
    /// Told when the tenants are to be asked for anew.
    private let asks = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - jobs: those of the service; the host adds what every service does.
    ///   - standing: what it does whenever something was written.
    ///   - loop: where the runner works.
    package init(
        _ jobs: [JobDefinition], standing: [StandingWork] = [], _ engine: RecordEngine, tenants: @escaping Tenants,
        loop: EventLoop, logger: Logger, metrics: any MetricsFactory
    ) {
        (self.tenants, self.loop, self.logger) = (tenants, loop, logger)
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
        listing.withLock { $0 = loop.spawn { [self] in await listWhenAsked() } }
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
