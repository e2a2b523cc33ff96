import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

@Suite struct PostgresConnectionTests {
    @Test func everyParameterTypeComesBackAsItWent() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer)
            let id = RecordID.make()
            let time = Timestamp(microseconds: 1_700_000_000_123_456)
            var parameters = Parameters()
            parameters.append(true)
            parameters.append(Int16(-2))
            parameters.append(Int32(-70_000))
            parameters.append(Int64.max)
            parameters.append(1.5)
            parameters.append("Ärger 漢字")
            parameters.append([UInt8]([0, 1, 255]))
            parameters.append(id)
            parameters.append([id, id])
            parameters.append(["a", "", "ü"])
            parameters.append([Int64]([1, -1]))
            parameters.append(time)
            parameters.append(try #require(CalendarDay("1969-07-20")))
            parameters.appendJSON(#"{"a": [1, 2]}"#)
            parameters.appendNull(.text)
            parameters.append([String]())
            let row = try await pool.run(
                .login(),
                Statement("SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,array_to_string($11,','),$12,$13,$14,$15,$16"),
                parameters
            ).one()
            #expect(try row.bool(0))
            #expect(try row.int64(1) == -2)
            #expect(try row.int32(2) == -70_000)
            #expect(try row.int64(3) == .max)
            #expect(try row.double(4) == 1.5)
            #expect(try row.string(5) == "Ärger 漢字")
            #expect(row.bytes(6).elementsEqual([0, 1, 255]))
            #expect(try row.id(7) == id)
            #expect(try row.ids(8) == [id, id])
            #expect(try row.strings(9) == ["a", "", "ü"])
            #expect(try row.string(10) == "1,-1")
            #expect(try row.timestamp(11) == time)
            #expect(try row.day(12).text == "1969-07-20")
            #expect(try String(decoding: row.json(13), as: UTF8.self) == #"{"a": [1, 2]}"#)
            #expect(row.isNull(14))
            #expect(try row.strings(15).isEmpty)
            #expect(throws: PostgresError.self) { try row.string(14) }
            await pool.close(deadline: 0)
        }
    }

    @Test func aReadCannotWrite() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer)
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(.login(), Statement("CREATE TEMPORARY TABLE x (a int)"), Parameters())
            }
            #expect(error?.kind == .readOnlyTransaction || error?.kind == .insufficientPrivilege)
            await pool.close(deadline: 0)
        }
    }

    @Test func aConnectionKilledInThePipelineFailsItsCallAndThePoolRecovers() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1)
            let killer = postgres.superuserPool()
            let pid = try await pool.run(.login(), Statement("SELECT pg_backend_pid()"), Parameters()).one()
                .int32(0)
            let sleeping = Task(executorPreference: pool.loop) {
                try await pool.run(.login(), Statement("SELECT pg_sleep(30)::text"), Parameters())
            }
            try await killer.waitUntilActive(pid)
            try await killer.terminate(pid)
            let error = await #expect(throws: PostgresError.self) { _ = try await sleeping.value }
            #expect(error?.kind == .connectionLost)
            #expect(error?.isOutcomeUnknown == false)
            let other = try await pool.run(.login(), Statement("SELECT pg_backend_pid()"), Parameters()).one()
                .int32(0)
            #expect(other != pid)
            await pool.close(deadline: 0)
            await killer.close(deadline: 0)
        }
    }

    @Test func aStatementIsCancelledAtTheDeadline() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1)
            let start = MonotonicTime.now()
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(
                    .login(deadline: TestPostgres.deadline(.milliseconds(150))),
                    Statement("SELECT pg_sleep(30)::text"), Parameters())
            }
            #expect(error?.kind == .queryCanceled)
            #expect(MonotonicTime.now() - start < 5_000_000_000)
            // The connection is whole, and no late cancel hits the next.
            for _ in 0..<20 { _ = try await pool.run(.login(), Statement("SELECT 1"), Parameters()) }
            #expect(pool.connectionCount == 1)
            await pool.close(deadline: 0)
        }
    }

    @Test func aCancelledTaskEndsItsStatement() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1)
            let watcher = postgres.superuserPool()
            let pid = try await pool.run(.login(), Statement("SELECT pg_backend_pid()"), Parameters()).one()
                .int32(0)
            let task = Task(executorPreference: pool.loop) {
                try await pool.run(.login(), Statement("SELECT pg_sleep(30)::text"), Parameters())
            }
            try await watcher.waitUntilActive(pid)
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
            #expect(error?.kind == .queryCanceled)
            _ = try await pool.run(.login(), Statement("SELECT 1"), Parameters())
            await pool.close(deadline: 0)
            await watcher.close(deadline: 0)
        }
    }
}
