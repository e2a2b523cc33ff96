import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

/// A stream with one table, for tests that need one.
let thingStream = MigrationStream(
    name: "customer", kind: .tenant(.customer),
    migrations: [
        Migration(
            number: 1, name: "create_things",
            sql: """
                CREATE TABLE {schema}.things (
                    id uuid NOT NULL, name text, amount bigint,
                    CONSTRAINT things_pkey PRIMARY KEY (id),
                    CONSTRAINT things_name_key UNIQUE (name),
                    CONSTRAINT things_amount_check CHECK (amount >= 0));
                """)
    ], rights: TableRights.passing("things", changing: ["name", "amount"]))

private let insert = Statement("INSERT INTO {schema}.things (id, name, amount) VALUES ($1, $2, $3)")
private let count = Statement("SELECT count(*) FROM {schema}.things")

private func thing(_ name: String, _ amount: Int64 = 0) -> Parameters {
    var parameters = Parameters()
    parameters.append(RecordID.make())
    parameters.append(name)
    parameters.append(amount)
    return parameters
}

@Suite struct PostgresTransactionTests {
    private func scope(
        _ tenant: TestTenant, _ access: TransactionAccess = .readWrite, seconds: Int = 10
    ) -> TransactionScope {
        TransactionScope(
            access: access, tenant: tenant.id, service: .customer,
            deadline: TestPostgres.deadline(.seconds(seconds)))
    }

    private struct Refused: Error {}

    /// What a part sent is taken back alone, whoever refuses it; the transaction goes on and is committed.
    @Test func aPartIsTakenBackAlone() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            try await pool.transaction(scope(tenant)) { sql in
                _ = try await sql.query(insert, thing("before"))
                for name in ["one", "before", "two", "refused", "one"] {
                    do {
                        try await sql.savepoint {
                            try sql.enqueue(insert, thing("part of \(name)"))
                            try sql.enqueue(insert, thing(name))
                            if name == "refused" { throw Refused() }
                        }
                    } catch is Refused {
                        #expect(name == "refused")
                    } catch let error as PostgresError {
                        #expect(error.constraint == "things_name_key" && ["before", "one"].contains(name))
                    }
                }
                try sql.enqueue(insert, thing("after"))
            }
            let names = try await pool.run(
                scope(tenant, .readOnly), Statement("SELECT name FROM {schema}.things ORDER BY name"), Parameters()
            ).map { try $0.string(0) }
            #expect(names == ["after", "before", "one", "part of one", "part of two", "two"])
        }
    }

    /// What a refused part had sent and nobody had waited for would have failed, too: it is taken back all the same.
    @Test func aPartIsTakenBackThatTheDatabaseWouldRefuseAsWell() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            try await pool.transaction(scope(tenant)) { sql in
                _ = try await sql.query(insert, thing("before"))
                await #expect(throws: Refused.self) {
                    try await sql.savepoint {
                        try sql.enqueue(insert, thing("before"))
                        throw Refused()
                    }
                }
                _ = try await sql.query(insert, thing("after"))
            }
        }
    }

    /// libpq sends what fills its buffer, and PostgreSQL tells an error at once: it is there before the end of a long unit is sent.
    @Test(arguments: [1, 10, 1_000]) func anErrorThatComesEarlyIsNotForgotten(_ more: Int) async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            let long = String(repeating: "x", count: 500)
            for isPart in [false, true] {
                let error = await #expect(throws: PostgresError.self) {
                    try await pool.transaction(scope(tenant)) { sql in
                        _ = try await sql.query(insert, thing("taken"))
                        func clash() async throws {
                            try sql.enqueue(insert, thing("taken"))
                            for number in 0..<more {
                                try sql.enqueue(insert, thing("\(number) \(long)"))
                                if number % 100 == 0 { try await EventLoop.current?.sleep(for: .milliseconds(20)) }
                            }
                        }
                        if isPart { try await sql.savepoint { try await clash() } } else { try await clash() }
                    }
                }
                #expect(error?.kind == .uniqueViolation)
                let rows = try await pool.run(scope(tenant, .readOnly), count, Parameters())
                #expect(try rows.one().int64(0) == 0)
            }
        }
    }

    /// What was sent before a part fails by itself, and what is no matter of a constraint ends the transaction.
    @Test func aPartHidesNoOtherFailure() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            let wrong = Statement("SELECT 1 / (count(*) - count(*)) FROM {schema}.things")
            for isBefore in [true, false] {
                let failure = await #expect(throws: PostgresError.self) {
                    try await pool.transaction(scope(tenant)) { sql in
                        if isBefore { try sql.enqueue(insert, thing("x", -1)) }
                        _ = try? await sql.savepoint {
                            isBefore ? Rows?.none : try await sql.query(wrong, Parameters())
                        }
                    }
                }
                #expect(failure?.kind == (isBefore ? .checkViolation : .invalidInput))
            }
            let left = try await pool.run(scope(tenant, .readOnly), count, Parameters()).one().int64(0)
            #expect(left == 0)
        }
    }

    @Test func violationsNameTheirConstraint() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            _ = try await pool.run(scope(tenant), [(insert, thing("a"))])
            let taken = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(scope(tenant), [(insert, thing("b")), (insert, thing("a"))])
            }
            #expect(taken?.kind == .uniqueViolation)
            #expect(taken?.constraint == "things_name_key")
            #expect(taken?.table == "things")
            let checked = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(scope(tenant), [(insert, thing("c", -1))])
            }
            #expect(checked?.kind == .checkViolation)
            #expect(checked?.constraint == "things_amount_check")
            // All or nothing: "b" went with "a".
            let left = try await pool.run(scope(tenant, .readOnly), count, Parameters()).one().int64(0)
            #expect(left == 1)
            await pool.close(deadline: 0)
        }
    }

    @Test func aBodyThatThrowsLeavesNothing() async throws {
        struct Regret: Error {}
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            await #expect(throws: Regret.self) {
                try await pool.transaction(scope(tenant)) { transaction in
                    _ = try await transaction.query(insert, thing("a"))
                    try transaction.enqueue(insert, thing("never sent"))
                    throw Regret()
                }
            }
            let left = try await pool.run(scope(tenant, .readOnly), count, Parameters()).one().int64(0)
            #expect(left == 0)
            #expect(pool.connectionCount == 1)
            await pool.close(deadline: 0)
        }
    }

    @Test func anErrorThatTheBodySwallowsStillFailsTheTransaction() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer)
            let error = await #expect(throws: PostgresError.self) {
                try await pool.transaction(scope(tenant)) { transaction in
                    _ = try await transaction.query(insert, thing("a"))
                    _ = try? await transaction.query(insert, thing("a"))
                }
            }
            #expect(error?.kind == .uniqueViolation)
            let left = try await pool.run(scope(tenant, .readOnly), count, Parameters()).one().int64(0)
            #expect(left == 0)
            await pool.close(deadline: 0)
        }
    }

    @Test func transactionsRunSideBySide() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 3)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask(executorPreference: pool.loop) {
                        try await pool.transaction(scope(tenant)) { transaction in
                            _ = try await transaction.query(count, Parameters())
                            try transaction.enqueue(insert, thing("first \(number)"))
                            _ = try await transaction.finalQuery(insert, thing("second \(number)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let left = try await pool.run(scope(tenant, .readOnly), count, Parameters()).one().int64(0)
            #expect(left == 120)
            #expect(pool.connectionCount <= 3)
            #expect(pool.leasedCount == 0)
            await pool.close(deadline: 0)
        }
    }

    @Test func aLargePipelineGoesThrough() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let filler = String(repeating: "x", count: 2_000)
            let inserts = (0..<2_000).map { (insert, thing("\($0) \(filler)")) }
            // Two megabytes out while as many results come in: more than both socket buffers hold.
            _ = try await pool.run(scope(tenant, seconds: 60), inserts)
            let echo = Statement("SELECT name FROM {schema}.things")
            let all = try await pool.run(
                scope(tenant, .snapshot, seconds: 60), [(echo, Parameters()), (echo, Parameters())])
            #expect(all.map(\.count) == [2_000, 2_000])
            await pool.close(deadline: 0)
        }
    }

    @Test func aFullCacheForgetsTheOldestStatement() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1) { $0.statementCountMax = 3 }
            let statements = (0..<8).map {
                Statement(unsafeGenerated: "SELECT \($0)::int8 FROM {schema}.meta")
            }
            for _ in 0..<3 {
                for (number, statement) in statements.enumerated() {
                    let row = try await pool.run(scope(tenant, .readOnly), statement, Parameters()).one()
                    #expect(try row.int64(0) == Int64(number))
                }
            }
            let kept = Statement("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 's%'")
            let left = try await pool.run(scope(tenant, .readOnly), kept, Parameters()).one().int64(0)
            #expect(left <= 4)
            await pool.close(deadline: 0)
        }
    }

    /// PostgreSQL would keep one plan for all values after the first few.
    @Test func whatIsPlannedForItsValuesIsNotPrepared() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let statement = Statement("SELECT count(*), $1 || $2::text FROM {schema}.things WHERE name ILIKE $1")
            for (number, isPlannedFor) in [(0, true), (1, false)] {
                var parameters = Parameters()
                parameters.append("%a")
                parameters.append(Int64(7))
                if isPlannedFor { parameters.planAnew() }
                for _ in 0..<3 {
                    let row = try await pool.run(scope(tenant, .readOnly), statement, parameters).one()
                    #expect(try row.string(1) == "%a7")
                }
                let kept = Statement("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%ILIKE $1'")
                let count = try await pool.run(scope(tenant, .readOnly), kept, Parameters()).one().int64(0)
                #expect(count == number)
            }
            await pool.close(deadline: 0)
        }
    }

    @Test func aStatementThatFailedToPrepareIsTriedAgain() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let missing = Statement("SELECT name FROM {schema}.later")
            for _ in 0..<2 {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await pool.run(scope(tenant, .readOnly), missing, Parameters())
                }
                #expect(error?.kind == .undefinedTable)
            }
            _ = try await pool.run(scope(tenant, .readOnly), count, Parameters())
            await pool.close(deadline: 0)
        }
    }
}
