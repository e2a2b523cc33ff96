import CoreMetrics
import Logging
import Observability
import Postgres
import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport
import Tenancy
import TenantDatabase

/// Looks at the state of the process and of what it depends on, every `HostLimits.probeInterval`.
struct Probe: Sendable {
    let run: ProcessRun
    let host: Host

    /// Runs until cancelled.
    func start() -> Task<Void, Never> {
        let measures = ProcessProbe(factory: run.registry, program: run.name.rawValue)
        return run.loops.loops[0].spawn {
            while !Task.isCancelled {
                await checkDatabase()
                connectPeers()
                _ = try? await run.workers.run { [certificateEnd = run.tls.server.certificateNotAfter] in
                    measures.measure(certificateEnd: certificateEnd)
                }
                host.optionalSubscription?.measure()
                if run.listening.current == nil { run.updateHealth(host) }
                try? await run.loops.loops[0].sleep(for: HostLimits.probeInterval)
            }
        }
    }

    private func checkDatabase() async {
        guard let databases = host.optionalStorage?.databases else { return }
        let before = run.databaseState.current
        do {
            try await databases.verify(deadline: Deadline.after(HostLimits.probeInterval).nanoseconds)
            run.busyProbeCount.store(0, ordering: .relaxed)
            run.databaseState.current = nil
            guard before != nil else { return }
            run.logger.info("database reached")
            await checkServerLog(databases)
        } catch  where error.kind == .poolExhausted {
            // Reached, and busy: a sign of trouble only when it stays so, since the probe waits like a call does.
            let busyCount = run.busyProbeCount.wrappingAdd(1, ordering: .relaxed).newValue
            guard busyCount >= HostLimits.busyProbeCountMax else { return }
            run.databaseState.current = Self.busyState
            if before != Self.busyState { run.logger.error("no connection of the database comes free") }
        } catch {
            // The server's text stays in the log: it may name hosts and logins.
            run.databaseState.current =
                "\(error.kind); is PostgreSQL running and database.dsn right? See the log."
            if before == nil || before == Self.firstState {
                run.logger.error("database not reached", metadata: [LogKey.error: "\(LogText.of(error))"])
            }
        }
    }

    /// Once for each time that the database is reached. A warning, since the program does no harm by itself, and the cure is the operator's.
    private func checkServerLog(_ databases: DatabaseSet) async {
        do {
            for problem in try await databases.logProblems(
                deadline: Deadline.after(HostLimits.probeInterval).nanoseconds)
            {
                run.logger.warning(
                    "PostgreSQL's log would get values of records; run steward install again, see deploy/postgres/steward.conf",
                    metadata: [LogKey.setting: "\(problem)"])
            }
        } catch {
            run.logger.warning(
                "PostgreSQL does not tell what it logs", metadata: [LogKey.error: "\(LogText.of(error))"])
        }
    }

    static let firstState = "not reached yet"
    private static let busyState =
        "no connection comes free; is PostgreSQL slow or locked? Look at pg_stat_activity and db_pool_waiters."

    /// Opens connections that are missing, so that the first call after a restart of a peer need not wait, and tells which are.
    private func connectPeers() {
        for (peer, channel) in host.channelsByPeer {
            Gauge(
                label: MetricName.clientConnected, dimensions: [(MetricDimension.service, peer.rawValue)],
                factory: run.registry
            ).record(channel.isReady ? 1 : 0)
            if !channel.isReady { channel.connect() }
        }
    }
}
