package import Postgres
import Reactor
import Tenancy

/// Transactions in the schema `directory`, which knows of every tenant and holds no tenant's records. Used by identity
/// only; its statements name the schema in full.
package struct DirectoryDatabase: Sendable {
    private let databases: DatabaseSet
    private let database: String

    package init(databases: DatabaseSet, database: String = DatabaseEndpoint.defaultName) {
        self.databases = databases
        self.database = database
    }

    /// One reading statement in one round trip.
    package func read(
        deadline: UInt64, _ statement: Statement, _ parameters: Parameters
    ) async throws -> Rows {
        try await pool().run(scope(.readOnly, deadline), statement, parameters)
    }

    /// Several statements in one transaction and one round trip: all or nothing.
    package func batch(
        deadline: UInt64, access: TransactionAccess = .readWrite, _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        try await pool().run(scope(access, deadline), statements)
    }

    /// A transaction that `body` drives. Commits when `body` returns, rolls back when it throws.
    package func transaction<Value: Sendable>(
        deadline: UInt64, access: TransactionAccess = .readWrite,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await pool().transaction(scope(access, deadline), body)
    }

    private func pool() throws(PostgresError) -> PostgresPool {
        try databases.pool(database: database, partition: 0)
    }

    private func scope(_ access: TransactionAccess, _ deadline: UInt64) -> TransactionScope {
        TransactionScope(access: access, tenant: nil, service: .identity, deadline: deadline)
    }
}
