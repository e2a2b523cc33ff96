import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The program and PostgreSQL are killed in the middle of what goes on without a caller: a mirror that is made anew or compared, a leaver's
    /// handover, a purge.
    @Suite(.serialized) struct KilledNightsJourney {
        private static let count = 2_000

        /// What is there, and what is looked at.
        private struct Company {
            let workspace: TestWorkspace
            let tool: CommandLineTool
            let customer, sales: String

            var steward: TestSteward { workspace.steward }

            init(_ steward: TestSteward) async throws {
                workspace = try await steward.makeWorkspace()
                tool = try await workspace.commandLine()
                customer = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
                sales = try #require(TenantSchema(tenantID: workspace.tenantID, service: .sales)).name
            }

            func numbers(_ query: String) async throws -> [Int] {
                try await steward.database.rows(query)[0].map { Int($0 ?? "") ?? -1 }
            }

            func count(_ table: String, _ condition: String) async throws -> Int {
                try await numbers("SELECT count(*)::text FROM \(table) WHERE \(condition)")[0]
            }

            /// Rows of the ledger: all, and of how many records.
            func changes(_ condition: String) async throws -> [Int] {
                try await numbers(
                    "SELECT count(*)::text, count(DISTINCT record_id)::text FROM \(customer).ledger WHERE \(condition)")
            }

            /// Begins a job and gives its id.
            func begin(_ words: String...) async throws -> String {
                let begun = try await tool.run(arguments: words)
                let ids = begun.output.split(whereSeparator: \.isWhitespace).compactMap { RecordID(String($0)) }
                return try #require(ids.first, "\(begun)").text
            }

            func finish(_ job: String) async throws {
                let watched = try await tool.run("job", "watch", job, "--output", "json")
                #expect(watched.code == 0 && watched.output.contains("DONE"), "\(watched)")
            }

            /// What a job says that it has done.
            func done(_ job: String) async throws -> Int {
                try await numbers("SELECT progress_done::text FROM \(customer).jobs WHERE id = '\(job)'")[0]
            }

            func killPostgres() async throws {
                try await steward.database.killServer()
                try steward.startPostgres()
                try await endLeases()
            }

            func killCustomer() async throws {
                try await steward.customer.kill()
                try await endLeases()
                try await steward.customer.start()
            }

            /// Nobody waits until the leases have ended that could not be given back.
            private func endLeases() async throws {
                for service in ServiceName.dataServices {
                    let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
                    _ = try await steward.database.rows(
                        "UPDATE \(schema).jobs SET due_at = now() WHERE state = 'leased' RETURNING ''")
                }
            }
        }

        @Test func nothingIsLostOrDoneTwice() async throws {
            let steward = try await TestSteward.start(ownCluster: true)
            let company = try await Company(steward)
            let ann = try await company.workspace.connect(as: "ann@acme.example", roles: ["Sales manager"])
            let bob = try await company.workspace.connect(as: "bob@acme.example", roles: ["Sales rep"])
            let set = try await company.tool.run("settings", "set", "deleted-records-kept-days=30")
            #expect(set.code == 0, "\(set)")
            for first in stride(from: 0, to: Self.count, by: 1_000) {
                _ = try await ann.connection.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(
                        records: (first..<first + 1_000).map { Account(displayName: "Account \($0)", region: "East") }))
            }
            try await eventually("all accounts are mirrored") {
                try await company.count("\(company.sales).account_mirror", "region = 'East'") == Self.count
            }
            try await rebuildTheMirror(company)
            try await compareTheMirror(company)
            try await handOver(company, from: try #require(ann.user.id), to: try #require(bob.user.id))
            try await purge(company)
            for connection in [ann.connection, bob.connection] { await connection.close() }
            await company.workspace.close()
            try await steward.stop()
        }

        /// PostgreSQL is killed while the mirror is made anew.
        private func rebuildTheMirror(_ company: Company) async throws {
            let (mirror, database) = ("\(company.sales).account_mirror", company.steward.database)
            _ = try await database.rows("DELETE FROM \(mirror) RETURNING ''")
            _ = try await database.rows(
                """
                UPDATE \(company.customer).mirror_feeds
                SET fence = fence + 1, rebuilt_to = '00000000-0000-0000-0000-000000000000' RETURNING ''
                """)
            _ = try await company.workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Wakes it", region: "West")))
            try await underWay("the mirror is made anew") { try await company.count(mirror, "region = 'East'") }
            try await company.killPostgres()
            try await eventually("all accounts are mirrored again", within: .seconds(60)) {
                try await company.numbers(
                    "SELECT count(*) FILTER (WHERE region = 'East')::text, count(*)::text FROM \(mirror)")
                    == [Self.count, Self.count + 1]
            }
        }

        /// The program is killed while it heals a mirror that is wrong in every row and lacks some.
        private func compareTheMirror(_ company: Company) async throws {
            let (mirror, database) = ("\(company.sales).account_mirror", company.steward.database)
            _ = try await database.rows("DELETE FROM \(mirror) WHERE display_name LIKE '%7' RETURNING ''")
            let wrong = try await database.rows("UPDATE \(mirror) SET region = 'Wrong' RETURNING ''").count
            let job = try await company.begin("job", "run", "compare_mirror_account_to_sales", "--service", "customer")
            try await underWay("the mirror is compared", of: wrong) {
                wrong - (try await company.count(mirror, "region = 'Wrong'"))
            }
            try await company.killCustomer()
            try await company.finish(job)
            #expect(try await company.done(job) == Self.count + 1)
            let counts = try await company.numbers(
                "SELECT count(*) FILTER (WHERE region = 'East')::text, count(*)::text FROM \(mirror)")
            #expect(counts == [Self.count, Self.count + 1])
        }

        /// PostgreSQL is killed while the leaver's accounts are handed over.
        private func handOver(_ company: Company, from leaver: String, to heir: String) async throws {
            let job = try await company.begin("user", "deactivate", "ann@acme.example", "--to", "bob@acme.example")
            let accounts = "\(company.customer).accounts"
            try await underWay("the accounts are handed over") {
                try await company.count(accounts, "owner_id = '\(heir)'")
            }
            try await company.killPostgres()
            try await company.finish(job)
            #expect(try await company.count(accounts, "owner_id = '\(heir)'") == Self.count)
            #expect(try await company.count(accounts, "owner_id = '\(leaver)'") == 0)
            #expect(try await company.changes("purpose = 'change_matching'") == [Self.count, Self.count])
        }

        /// The program is killed while it removes for good what was deleted long ago.
        private func purge(_ company: Company) async throws {
            try await fillWithDeleted(company)
            let job = try await company.begin("job", "run", "purge_deleted", "--service", "customer")
            let contacts = "\(company.customer).contacts"
            try await underWay("contacts are purged") { try await company.changes("purpose = 'purge_deleted'")[0] }
            try await company.killCustomer()
            try await company.finish(job)
            #expect(try await company.count(contacts, "true") == 0)
            #expect(try await company.changes("purpose = 'purge_deleted'") == [Self.count, Self.count])
            #expect(try await company.done(job) == Self.count)
            #expect(try await company.count("\(company.customer).ledger", "after ? 'family_name'") == 0)
        }

        /// Contacts that were deleted 40 days ago, as the engine would have left them.
        private func fillWithDeleted(_ company: Company) async throws {
            let schema = company.customer
            _ = try await company.steward.database.rows(
                """
                WITH made AS (
                    INSERT INTO \(schema).contacts (id, version, created_at, updated_at, deleted_at, owner_id, family_name)
                    SELECT gen_random_uuid(), 2, now() - interval '50 days', now(), now() - interval '40 days',
                        gen_random_uuid(), 'kiwi' FROM generate_series(1, \(Self.count)) RETURNING id, deleted_at
                ), told AS (
                    INSERT INTO \(schema).ledger (id, occurred_at, method, object, record_id, record_version, after)
                    SELECT gen_random_uuid(), made.deleted_at, 'm', 'contact', made.id, v,
                        CASE v WHEN 1 THEN '{"family_name": "kiwi"}' ELSE jsonb_build_object('delete_time', deleted_at) END
                    FROM made, generate_series(1, 2) AS v ORDER BY made.id, v RETURNING position
                ), marked AS (
                    UPDATE \(schema).ledger_marks SET position = (SELECT max(position) FROM told) RETURNING 1
                )
                UPDATE \(schema).meta SET feed_floor = (SELECT max(position) FROM told) RETURNING ''
                """)
        }

        private func underWay(_ what: String, of all: Int = count, _ done: () async throws -> Int) async throws {
            try await eventually(what) {
                let done = try await done()
                return done > 0 && done < all
            }
        }
    }
}
