import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

/// On a server of their own, which they stop.
@Suite(.serialized) struct ServerRestartTests {
    @Test func callsFailWhileTheServerIsAwayAndThenWork() async throws {
        let postgres = try await TestPostgres.shared()
        let cluster = try TestCluster()
        let pool = PostgresPool(
            loop: postgres.loops.loops[0], settings: cluster.settings, workers: postgres.workers,
            logger: postgres.logger)
        let one = Statement("SELECT 1::int8")
        try await postgres.onLoop { _ = try await pool.run(.login(), one, Parameters()) }
        try cluster.stop()
        try await postgres.onLoop {
            for _ in 0..<3 {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await pool.run(.login(), one, Parameters())
                }
                #expect(error?.kind == .unavailable || error?.kind == .connectionLost)
                #expect(error?.isRetryable == true)
            }
        }
        try cluster.start()
        try await postgres.onLoop {
            while true {
                do {
                    let left = try await pool.run(.login(), one, Parameters()).one().int64(0)
                    #expect(left == 1)
                    break
                } catch let error as PostgresError where error.kind == .unavailable {}
            }
            await pool.close(deadline: 0)
        }
    }

    @Test func aCommitThatIsNeverAnsweredIsToldApart() async throws {
        let postgres = try await TestPostgres.shared()
        let cluster = try TestCluster()
        let loop = postgres.loops.loops[0]
        let pool = PostgresPool(
            loop: loop, settings: cluster.settings, workers: postgres.workers, logger: postgres.logger)
        // COMMIT sleeps in a deferred trigger until the server is gone.
        try await postgres.onLoop {
            for command in [
                "CREATE TABLE t (a int PRIMARY KEY)",
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'",
                "CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()",
            ] {
                try await pool.run(unsafeCommand: command, deadline: TestPostgres.deadline())
            }
        }
        let (insert, pidOf) = (
            Statement("INSERT INTO t VALUES (1)"),
            Statement("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        )
        let writing = Task(executorPreference: loop) {
            try await pool.run(
                .login(.readWrite, deadline: TestPostgres.deadline(.seconds(60))), [(insert, Parameters())])
        }
        try await postgres.onLoop {
            while try await pool.run(.login(), pidOf, Parameters()).isEmpty {}
        }
        try cluster.stop(immediately: true)
        let error = await #expect(throws: PostgresError.self) { _ = try await writing.value }
        #expect(error?.kind == .connectionLost)
        #expect(error?.isOutcomeUnknown == true)
        #expect(error?.isRetryable == false)
        try await postgres.onLoop { await pool.close(deadline: 0) }
    }
}
