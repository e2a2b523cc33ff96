import Foundation
import Postgres
import Reactor
import TestPostgres
import Testing

/// Where a pgbouncer is; the test is left out where there is none.
private let pgbouncer = ProcessInfo.processInfo.environment["STEWARD_TEST_PGBOUNCER"] ?? "/usr/sbin/pgbouncer"

@Suite struct PoolerTests {
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: pgbouncer)))
    func aPoolerIsRefusedWithTheCure() async throws {
        let postgres = try await TestPostgres.shared()
        let cluster = try TestCluster()
        let pooler = try cluster.startPooler(pgbouncer)
        var settings = cluster.settings
        settings.dsn = "host=\(cluster.folder) port=\(TestCluster.poolerPort) dbname=postgres user=postgres"
        let pool = PostgresPool(
            loop: postgres.loops.loops[0], settings: settings, workers: postgres.workers,
            logger: postgres.logger)
        try await postgres.onLoop {
            // Until the pooler listens, the server is away.
            var error: PostgresError?
            repeat {
                error = await #expect(throws: PostgresError.self) {
                    _ = try await pool.verify(deadline: TestPostgres.deadline())
                }
            } while error?.kind == .unavailable
            #expect(error?.kind == .refusedServer)
            #expect(error?.message.contains("pooler") == true)
            await pool.close(deadline: 0)
        }
        pooler.terminate()
    }
}
