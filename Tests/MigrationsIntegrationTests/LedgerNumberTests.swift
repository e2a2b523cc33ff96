import Postgres
import Tenancy
import TestPostgres
import Testing

@testable import Migrations

/// The step that makes a feed of the ledger, in a schema that was used before.
@Suite struct LedgerNumberTests {
    @Test func rowsThatAreThereStayOutOfTheFeedAndNewOnesAreNumbered() async throws {
        let postgres = try await TestPostgres.shared()
        let schema = TestTenant().schema(.sales).name
        func commands(_ migrations: some Collection<Migration>) -> [String] {
            migrations.flatMap { SQLScript.commands($0.sql.replacing("{schema}", with: schema)) }
        }
        let row = """
            INSERT INTO \(schema).ledger (id, occurred_at, method, object, record_id, record_version)
            VALUES (gen_random_uuid(), now(), 'm', 'deal', gen_random_uuid(), 1)
            """
        let old = ["CREATE SCHEMA \(schema)"] + commands(MigrationStream.everySchema.prefix(4)) + [row, row]
        for part in [old, commands(MigrationStream.everySchema[4...4]) + [row, row]] {
            try await postgres.owner.transaction(for: nil) { transaction in
                for command in part { try transaction.enqueue(unsafeCommand: command) }
            }
        }
        let positions = try await postgres.onLoop {
            try await postgres.rows("SELECT position FROM \(schema).ledger WHERE xid IS NOT NULL ORDER BY position")
                .map { try $0.int64(0) }
        }
        #expect(positions == [0, 0, 1, 2])
        try await postgres.owner.transaction(for: nil) { transaction in
            try transaction.enqueue(unsafeCommand: "DROP SCHEMA \(schema) CASCADE")
        }
    }
}
