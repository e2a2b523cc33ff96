import Contracts
import CustomerContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The program and PostgreSQL are killed in the middle of jobs that change many records.
    @Suite(.serialized) struct KilledJobsJourney {
        private static let count = 4_000

        /// What is counted of the accounts, and of their ledger rows of a job: all, and of how many records.
        private struct Counts: Equatable {
            let accounts: Int
            let changes: [Int]
        }

        private func counts(
            _ condition: String, of job: String, _ steward: TestSteward, _ workspace: TestWorkspace
        ) async throws -> Counts {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
            let row = try await steward.database.rows(
                """
                SELECT (SELECT count(*) FROM \(schema).accounts WHERE \(condition))::text,
                    (SELECT count(*) FROM \(schema).ledger WHERE request_id = '\(job)')::text,
                    (SELECT count(DISTINCT record_id) FROM \(schema).ledger WHERE request_id = '\(job)')::text
                """)[0]
            let numbers = row.map { Int($0 ?? "") ?? -1 }
            return Counts(accounts: numbers[0], changes: Array(numbers[1...]))
        }

        /// Begins a job by the command line, does something to it when it is under way, and waits for its end.
        private func run(
            _ words: [String], changing condition: String, _ steward: TestSteward, _ workspace: TestWorkspace,
            meanwhile disturb: () async throws -> Void
        ) async throws -> Counts {
            let tool = try await workspace.commandLine()
            let begun = try await tool.run(arguments: words)
            let ids = begun.output.split(whereSeparator: \.isWhitespace).compactMap { RecordID(String($0)) }
            let job = try #require(ids.first, "\(begun)").text
            try await eventually("the job is under way") {
                let changed = try await counts(condition, of: job, steward, workspace).changes[0]
                return changed > 0 && changed < Self.count
            }
            try await disturb()
            let watched = try await tool.run("job", "watch", job, "--output", "json")
            #expect(watched.code == 0 && watched.output.contains("DONE"), "\(words): \(watched)")
            return try await counts(condition, of: job, steward, workspace)
        }

        @Test func eachRecordIsChangedOnceWhateverIsKilled() async throws {
            let steward = try await TestSteward.start(ownCluster: true)
            let workspace = try await steward.makeWorkspace()
            for first in stride(from: 0, to: Self.count, by: 500) {
                _ = try await workspace.admin.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(
                        records: (first..<first + 500).map { Account(displayName: "Account \($0)", city: "Berlin") }))
            }
            let once = Counts(accounts: Self.count, changes: [Self.count, Self.count])

            let update = ["account", "update-matching", "--filter", "city = Berlin", "region=East"]
            let updated = try await run(update, changing: "region = 'East'", steward, workspace) {
                try await steward.customer.kill()
                try await steward.customer.start()
            }
            #expect(updated == once)

            let delete = ["account", "delete-matching", "--filter", "region = East"]
            let deleted = try await run(delete, changing: "deleted_at IS NOT NULL", steward, workspace) {
                try await steward.database.killServer()
                try steward.startPostgres()
            }
            #expect(deleted == once)

            let job = try #require(try await newestJob(steward, workspace))
            let undone = try await run(["job", "undo", job], changing: "deleted_at IS NULL", steward, workspace) {
                try await steward.customer.kill()
                try await steward.database.killServer()
                try steward.startPostgres()
                try await steward.customer.start()
            }
            #expect(undone == once)
            await workspace.close()
            try await steward.stop()
        }

        private func newestJob(_ steward: TestSteward, _ workspace: TestWorkspace) async throws -> String? {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
            return try await steward.database.rows(
                "SELECT id::text FROM \(schema).jobs WHERE name LIKE 'delete_matching%' ORDER BY created_at DESC LIMIT 1"
            ).first?.first ?? nil
        }
    }
}
