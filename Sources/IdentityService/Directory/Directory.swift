import Postgres
import RPC
import TenantDatabase

/// The tables of the schema `directory`. Its connections are not those of the tenants' transactions, so that a
/// transaction of a tenant may wait for the directory without two of them waiting for each other's connection.
struct Directory: Sendable {
    let database: DirectoryDatabase

    /// Runs a query that only reads.
    func read(_ query: Query, deadline: Deadline) async throws -> Rows {
        try await translatingErrors {
            try await database.read(deadline: deadline.nanoseconds, query.statement, query.parameters)
        }
    }

    /// Runs queries that only read, in one round trip; gives the rows of each.
    func read(_ queries: [Query], deadline: Deadline) async throws -> [Rows] {
        try await translatingErrors {
            try await database.batch(
                deadline: deadline.nanoseconds, access: .readOnly,
                queries.map { ($0.statement, $0.parameters) })
        }
    }

    /// Runs queries as one transaction, in one round trip; gives the rows of each.
    @discardableResult
    func write(_ queries: Query..., deadline: Deadline) async throws -> [Rows] {
        try await write(queries, deadline: deadline)
    }

    @discardableResult
    func write(_ queries: [Query], deadline: Deadline) async throws -> [Rows] {
        try await translatingErrors {
            try await database.batch(
                deadline: deadline.nanoseconds, queries.map { ($0.statement, $0.parameters) })
        }
    }

    /// Runs `body` as one transaction; what it throws undoes it.
    func transaction<Value: Sendable>(
        deadline: Deadline, _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await translatingErrors {
            try await database.transaction(deadline: deadline.nanoseconds, body)
        }
    }
}

/// Runs `body`; an error of PostgreSQL becomes what a caller may be told.
func translatingErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch {
        throw DirectoryErrors.translate(error)
    }
}

extension Row {
    /// A copy of a bytea.
    func byteArray(_ column: Int) -> [UInt8] {
        Array(bytes(column))
    }
}
