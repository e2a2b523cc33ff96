import Observability

// The three shapes of a transaction. Used by TenantDatabase and Migrations; a service never calls them.
extension PostgresPool {
    /// One statement in one transaction in one round trip.
    package func run(
        _ scope: TransactionScope, _ statement: Statement, _ parameters: Parameters
    ) async throws(PostgresError) -> Rows {
        let pooled = try await lend(scope, scan: Scan([(statement, parameters)]))
        defer { release(pooled) }
        let connection = pooled.connection
        let scope = scope.bounded(by: settings.readTimeout)
        try connection.sendBegin(
            scope, label: pooled.account?.databaseLabel, isWhole: scope.access == .readOnly)
        try connection.send(statement, parameters, in: scope.slot)
        try connection.sendCommit(scope.access)
        try await connection.exchange(scope)
        return try connection.takeLastRows()
    }

    /// Several statements in one transaction in one round trip, all or nothing.
    package func run(
        _ scope: TransactionScope, _ batch: [(Statement, Parameters)]
    ) async throws(PostgresError) -> [Rows] {
        guard !batch.isEmpty else { return [] }
        let pooled = try await lend(scope, scan: Scan(batch))
        defer { release(pooled) }
        let connection = pooled.connection
        let scope = scope.bounded(by: settings.readTimeout)
        try connection.sendBegin(
            scope, label: pooled.account?.databaseLabel, isWhole: scope.access == .readOnly)
        for (statement, parameters) in batch {
            try connection.send(statement, parameters, in: scope.slot)
        }
        try connection.sendCommit(scope.access)
        try await connection.exchange(scope)
        return connection.takeAllRows()
    }

    /// A transaction that `body` drives. Commits when it returns, rolls back when it throws.
    package func transaction<Value: Sendable>(
        _ scope: TransactionScope, _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let pooled = try await lend(scope)
        defer { release(pooled) }
        let scope = scope.bounded(by: settings.readTimeout)
        let transaction = PostgresTransaction(pooled.connection, scope, label: pooled.account?.databaseLabel)
        let value = try await body(transaction)
        try await transaction.commit()
        return value
    }

    /// Runs one command outside a transaction, such as CREATE DATABASE. Never text of a request.
    package func run(unsafeCommand text: String, deadline: UInt64) async throws(PostgresError) {
        let pooled = try await lease(affinity: nil, deadline: deadline)
        defer { release(pooled) }
        try await pooled.connection.run(unsafeCommand: text, deadline: deadline)
    }

    /// Opens a connection if there is none, to learn whether the server can be used.
    /// Returns whether the login is a superuser.
    /// - Throws: `.unavailable` or `.refusedServer`, with a message that names the cure.
    package func verify(deadline: UInt64) async throws(PostgresError) -> Bool {
        let pooled = try await lease(affinity: nil, deadline: deadline)
        defer { release(pooled) }
        return pooled.connection.isSuperuser
    }

    /// Connections that are tried when one backend after the other has missed a grant: while workspaces are opened one after the other, a new
    /// backend may miss one as well.
    private static let meetingsMax = 5

    /// Lends a connection that has met the tenant of the scope. When a backend has missed that the login may take on its role, another is tried.
    private func lend(
        _ scope: TransactionScope, scan: Scan? = nil, meetingsLeft: Int = meetingsMax
    ) async throws(PostgresError) -> PooledConnection {
        let lent = try await lease(affinity: scope.tenant, scan: scan, deadline: scope.deadline)
        do throws(PostgresError) {
            return try await meet(scope, on: lent)
        } catch  where error.kind == .roleRefused && !lent.connection.isOpen && meetingsLeft > 1 {
            return try await lend(scope, scan: scan, meetingsLeft: meetingsLeft - 1)
        }
    }

    /// Gives the connection back when it cannot meet the tenant.
    private func meet(
        _ scope: TransactionScope, on pooled: PooledConnection
    ) async throws(PostgresError) -> PooledConnection {
        do throws(PostgresError) {
            try await pooled.connection.meet(scope)
            return pooled
        } catch {
            release(pooled)
            throw error
        }
    }
}
