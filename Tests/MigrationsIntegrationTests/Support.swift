import Postgres
import Reactor
import Tenancy

@testable import Migrations

extension OwnerDatabase {
    /// One statement as the owner.
    func query(_ statement: Statement) async throws -> Rows {
        try await transaction(for: nil) { try await $0.finalQuery(statement, Parameters()) }
    }

    /// Runs a command and keeps its transaction open until `body` returns.
    func hold(_ command: String, _ body: @escaping @Sendable () async -> Void) async throws {
        try await transaction(for: nil) { transaction in
            try transaction.enqueue(unsafeCommand: command)
            try await transaction.flush()
            await body()
        }
    }
}
