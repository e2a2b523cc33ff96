import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

/// What PostgreSQL writes to its log of Steward's work: statements and SQLSTATEs, never values.
@Suite(.serialized) struct ServerLogTests {
    private static let login = InstallationNames.login(.customer, partition: 1)
    private static let mark = "leakmark\(UInt32.random(in: 0 ... .max))"
    private static let number = "7771234567890123"

    private static let stream = MigrationStream(
        name: "customer", kind: .tenant(.customer),
        migrations: [
            Migration(
                number: 1, name: "create_leaves",
                sql: """
                    CREATE TABLE {schema}.leaves (
                        id uuid NOT NULL, name text NOT NULL, amount bigint NOT NULL DEFAULT 0, code varchar(3), parent text,
                        CONSTRAINT leaves_pkey PRIMARY KEY (id),
                        CONSTRAINT leaves_name_key UNIQUE (name),
                        CONSTRAINT leaves_amount_check CHECK (amount >= 0),
                        CONSTRAINT leaves_parent_fkey FOREIGN KEY (parent) REFERENCES {schema}.leaves (name));
                    """)
        ],
        rights: TableRights.kept("leaves"))

    private static let insert = Statement(
        "INSERT INTO {schema}.leaves (id, name, amount, code, parent) VALUES (gen_random_uuid(), $1, $2, $3, $4)")

    private static func leaf(_ name: String?, _ amount: Int64 = 0, code: String? = nil, parent: String? = nil)
        -> Parameters
    {
        var parameters = Parameters()
        if let name { parameters.append(name) } else { parameters.appendNull(.text) }
        parameters.append(amount)
        if let code { parameters.append(code) } else { parameters.appendNull(.text) }
        if let parent { parameters.append(parent) } else { parameters.appendNull(.text) }
        return parameters
    }

    private static func text(_ text: String) -> Parameters {
        var parameters = Parameters()
        parameters.append(text)
        return parameters
    }

    /// Statements that fail, with values that would be recognised, and the SQLSTATE of each.
    private static var failing: [(state: String, statement: Statement, parameters: Parameters)] {
        [
            ("23505", insert, leaf(mark)),
            ("23514", insert, leaf("\(mark)-check", -1)),
            ("23502", insert, leaf(nil, code: "x", parent: mark)),
            ("23503", insert, leaf("\(mark)-child", parent: "\(mark)-nobody")),
            ("22001", insert, leaf("\(mark)-long", code: mark)),
            ("22P02", Statement("SELECT $1::text::uuid"), text(mark)),
            ("22003", Statement("SELECT $1::text::int4"), text(number)),
            ("22007", Statement("SELECT $1::text::date"), text(mark)),
            ("22P02", Statement("SELECT $1::text::jsonb"), text("{\"\(mark)\": \(mark)}")),
            ("2201B", Statement("SELECT name ~ $1 FROM {schema}.leaves"), text("\(mark)(")),
            ("42P01", Statement("SELECT FROM {schema}.nowhere WHERE name = $1"), text(mark)),
            ("57014", Statement("SELECT pg_sleep(30), $1"), text(mark)),
        ]
    }

    private func scope(_ tenant: TestTenant, _ time: Duration = .seconds(10)) -> TransactionScope {
        TransactionScope(
            access: .readWrite, tenant: tenant.id, service: .customer, deadline: TestPostgres.deadline(time))
    }

    @Test func holdsStatementsAndNoValues() async throws {
        let postgres = try await TestPostgres.shared()
        guard postgres.keepsLog else { return }
        try await postgres.onLoop { [mark = Self.mark] in
            let superuser = postgres.superuserPool()
            // Every statement counts as slow.
            try await superuser.run(
                unsafeCommand: "ALTER ROLE \(Self.login) SET log_min_duration_statement = 0",
                deadline: TestPostgres.deadline())
            let tenant = TestTenant()
            _ = try await postgres.provisioner.prepare(tenant.id, stream: Self.stream, partition: 1)
            let pool = postgres.pool(.customer, partition: 1)
            _ = try await pool.run(scope(tenant), [(Self.insert, Self.leaf(mark))])
            for (state, statement, parameters) in Self.failing {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await pool.run(
                        scope(tenant, state == "57014" ? .milliseconds(100) : .seconds(10)), [(statement, parameters)])
                }
                #expect(error?.sqlState == state)
                expectSafe(error)
            }
            try await provokeDeadlock(pool, tenant)
            await pool.close(deadline: 0)
            try await postgres.provisioner.drop(tenant.id, stream: Self.stream)
            try await superuser.run(
                unsafeCommand: "ALTER ROLE \(Self.login) RESET log_min_duration_statement",
                deadline: TestPostgres.deadline())
            await superuser.close(deadline: 0)
        }
        let log = try postgres.log()
        // An operator finds what was slow.
        #expect(log.contains("duration: ") && log.contains(".leaves (id, name, amount, code, parent) VALUES"))
        let leaks = log.split(separator: "\n").filter { $0.contains(Self.mark) || $0.contains(Self.number) }
        #expect(leaks.isEmpty, "\(leaks)")
    }

    /// What a program writes to its own log: SQLSTATE, and no value.
    private func expectSafe(_ error: PostgresError?) {
        guard let error else { return }
        #expect(error.logText.contains(error.sqlState ?? "none"))
        #expect(!error.logText.contains(Self.mark) && !error.logText.contains(Self.number), "\(error.logText)")
    }

    private func provokeDeadlock(_ pool: PostgresPool, _ tenant: TestTenant) async throws {
        let (first, second) = ("\(Self.mark)-1", "\(Self.mark)-2")
        for name in [first, second] { _ = try await pool.run(scope(tenant), [(Self.insert, Self.leaf(name))]) }
        let update = Statement("UPDATE {schema}.leaves SET amount = amount + 1 WHERE name = $1")
        let bothHold = Barrier(2)
        let outcomes = await withTaskGroup(of: PostgresError?.self) { group in
            for (own, other) in [(first, second), (second, first)] {
                group.addTask {
                    do {
                        try await pool.transaction(scope(tenant)) { transaction in
                            _ = try await transaction.query(update, Self.text(own))
                            await bothHold.arrive()
                            _ = try await transaction.query(update, Self.text(other))
                        }
                        return nil
                    } catch {
                        return error as? PostgresError
                    }
                }
            }
            return await group.reduce(into: [PostgresError?]()) { $0.append($1) }
        }
        #expect(outcomes.compactMap { $0?.kind } == [.deadlock])
        outcomes.forEach(expectSafe)
    }

    @Test func aProgramHearsWhatIsWrong() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let superuser = postgres.superuserPool()
            let right = postgres.pool(.customer, partition: 1)
            #expect(try await right.logProblems(.login()) == [])
            await right.close(deadline: 0)
            let login = InstallationNames.login(.customer, partition: 0)
            for change in ["SET log_error_verbosity = 'default'", "SET log_min_messages = 'error'"] {
                try await superuser.run(
                    unsafeCommand: "ALTER ROLE \(login) \(change)", deadline: TestPostgres.deadline())
            }
            let wrong = postgres.pool(.customer)
            #expect(
                try await wrong.logProblems(.login()) == [
                    "log_error_verbosity is default, should be terse", "log_min_messages is error, should be log",
                ])
            await wrong.close(deadline: 0)
            for (setting, value) in ServerLogSettings.ofLogins {
                try await superuser.run(
                    unsafeCommand: "ALTER ROLE \(login) SET \(setting) = \(value)", deadline: TestPostgres.deadline())
            }
            await superuser.close(deadline: 0)
        }
    }
}

/// Lets nobody go on before all have come.
private actor Barrier {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { missing = count }

    func arrive() async {
        missing -= 1
        guard missing > 0 else {
            waiting.forEach { $0.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}
