import Postgres
import Reactor
import Tenancy
import TestPostgres

extension TestPostgres {
    /// A pool on the loop of the caller.
    func pool(
        _ service: ServiceName, partition: Int = 0, size: Int = 4,
        _ change: (inout PostgresSettings) -> Void = { _ in }
    ) -> PostgresPool {
        var settings = settings(service, partition: partition, poolSize: size)
        change(&settings)
        return PostgresPool(loop: loops.loops[0], settings: settings, workers: workers, logger: logger)
    }

    func superuserPool() -> PostgresPool {
        PostgresPool(loop: loops.loops[0], settings: superuser, workers: workers, logger: logger)
    }
}

extension TransactionScope {
    /// As the login itself, in no tenant's name.
    static func login(
        _ access: TransactionAccess = .readOnly, deadline: UInt64 = TestPostgres.deadline()
    ) -> TransactionScope {
        TransactionScope(access: access, tenant: nil, service: .customer, deadline: deadline)
    }
}

extension PostgresPool {
    /// Waits until a backend runs a statement.
    func waitUntilActive(_ pid: Int32) async throws {
        try await wait(
            "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event IN ('PgSleep', 'transactionid')",
            pid)
    }

    func waitUntilGone(_ pid: Int32) async throws {
        try await wait("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid)
    }

    func terminate(_ pid: Int32) async throws {
        var parameters = Parameters()
        parameters.append(pid)
        _ = try await run(.login(), Statement("SELECT pg_terminate_backend($1)"), parameters)
    }

    private func wait(_ text: String, _ pid: Int32) async throws {
        let statement = Statement(unsafeGenerated: text)
        var parameters = Parameters()
        parameters.append(pid)
        while try await run(.login(), statement, parameters).isEmpty {}
    }
}
