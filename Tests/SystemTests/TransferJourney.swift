import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// A colleague changes the department, and what she sees changes as the preview told.
    @Suite(.serialized) struct TransferJourney {
        private static let accounts = 1_200
        private static let deals = 20

        /// What is there: two departments with accounts of the admin, and Ann in the first with her own.
        private struct Company {
            let workspace: TestWorkspace
            let east, west: String
            let ann: User
            let connection: StewardConnection

            init(_ workspace: TestWorkspace) async throws {
                func department(_ name: String) async throws -> String {
                    let made = try await workspace.admin.departments.createDepartment(
                        CreateDepartmentRequest(record: Department(displayName: name)))
                    return try #require(made.record?.id)
                }
                self.workspace = workspace
                (east, west) = (try await department("East"), try await department("West"))
                (ann, connection) = try await workspace.connect(
                    as: "ann@acme.example", roles: ["Sales rep"], departmentID: east)
                for (count, department) in [(40, east), (60, west)] {
                    _ = try await workspace.admin.accounts.batchCreateAccounts(
                        BatchCreateAccountsRequest(
                            records: (0..<count).map { Account(departmentID: department, displayName: "Other \($0)") }))
                }
                // As many as she may bring at once.
                for first in stride(from: 0, to: TransferJourney.accounts, by: 100) {
                    _ = try await connection.accounts.batchCreateAccounts(
                        BatchCreateAccountsRequest(
                            records: (first..<first + 100).map { Account(displayName: "Account \($0)") }))
                }
                let deals = try await connection.deals.batchCreateDeals(
                    BatchCreateDealsRequest(
                        records: (0..<TransferJourney.deals).map { Deal(displayName: "Deal \($0)") }))
                let won = try await connection.stages.listStages(
                    ListStagesRequest(filterExpression: "category = won")
                ).records.first?.id
                for deal in deals.records.prefix(5) {
                    _ = try await connection.deals.moveDealStage(
                        MoveDealStageRequest(id: deal.id, stageID: won, version: deal.version))
                }
            }

            /// The accounts that Ann sees, and how many of them are not hers.
            func seen() async throws -> (all: Int64?, others: Int64?) {
                func count(_ filter: String?) async throws -> Int64? {
                    try await connection.accounts.listAccounts(
                        ListAccountsRequest(filterExpression: filter, pageSize: 1, includeCount: true)
                    ).count?.value
                }
                return (try await count(nil), try await count("owner_id != \"\(ann.id ?? "")\""))
            }

            func count(_ table: String, in department: String, _ service: ServiceName) async throws -> Int {
                let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
                let rows = try await workspace.steward.database.rows(
                    """
                    SELECT count(*)::text FROM \(schema).\(table)
                    WHERE owner_id = '\(ann.id ?? "")' AND department_id = '\(department)'
                    """)
                return Int(rows[0][0] ?? "") ?? -1
            }

            /// Changes of departments in the ledger: all, and of how many records.
            func changes(_ service: ServiceName) async throws -> [String?] {
                let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
                return try await workspace.steward.database.rows(
                    """
                    SELECT count(*)::text, count(DISTINCT record_id)::text FROM \(schema).ledger
                    WHERE purpose = 'change_matching' AND on_behalf_of_id = '\(workspace.adminUserID)'
                    """)[0]
            }
        }

        private func job(in output: String) throws -> String {
            let words = output.split { !$0.isHexDigit && $0 != "-" }
            return try #require(words.compactMap { RecordID(String($0)) }.first, "\(output)").text
        }

        @Test func aColleagueChangesTheDepartmentAndTakesHerCustomersAlong() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let company = try await Company(workspace)
            #expect(try await company.seen() == (1_240, 40))

            let preview = try await tool.run(
                "user", "transfer", "ann@acme.example", "--to", "West", "--with-records", "--preview", "--output", "csv"
            )
            #expect(preview.code == 0, "\(preview)")
            for line in ["account,customer,60,40,1200", "deal,sales,0,0,15"] {
                #expect(preview.output.contains(line), "\(preview.output)")
            }
            #expect(try await company.seen() == (1_240, 40))

            let moving = try await tool.run("user", "transfer", "ann@acme.example", "--to", "West", "--with-records")
            #expect(moving.code == 0 && moving.output.contains("steward job watch"), "\(moving)")
            // Her session sees it within a second.
            try await eventually("Ann sees the other department", within: .seconds(1)) {
                try await company.seen() == (1_260, 60)
            }
            try await eventually("her accounts have begun to follow") {
                try await company.count("accounts", in: company.west, .customer) > 0
            }
            try await steward.identity.kill()
            try await steward.customer.kill()
            for program in [steward.identity, steward.customer] { try program.launch() }
            for program in [steward.identity, steward.customer, steward.gateway] { try await program.awaitReady() }

            let watched = try await tool.run("job", "watch", try job(in: moving.output), "--output", "json")
            #expect(watched.code == 0 && watched.output.contains("DONE"), "\(watched)")
            #expect(try await company.count("accounts", in: company.west, .customer) == Self.accounts)
            #expect(try await company.count("accounts", in: company.east, .customer) == 0)
            #expect(try await company.count("deals", in: company.west, .sales) == 15)
            #expect(try await company.count("deals", in: company.east, .sales) == 5)
            // Nothing twice, kill or no kill.
            #expect(try await company.changes(.customer) == ["1200", "1200"])
            #expect(try await company.changes(.sales) == ["15", "15"])
            #expect(try await company.seen() == (1_260, 60))

            try await laterAndNot(tool)
            await company.connection.close()
            await workspace.close()
            try await steward.stop()
        }

        /// For a day to come, twice, and called off.
        private func laterAndNot(_ tool: CommandLineTool) async throws {
            let today = CalendarDay(daysSince1970: Int(Timestamp.now().secondsAndNanos.seconds / 86_400))
            let day = CalendarDay(daysSince1970: today.daysSince1970 + 30).text
            let later = try await tool.run("user", "transfer", "ann@acme.example", "--to", "East", "--on", day)
            #expect(later.code == 0 && later.output.contains("\(day)T00:00:00Z"), "\(later)")
            let job = try job(in: later.output)
            let again = try await tool.run("user", "transfer", "ann@acme.example", "--to", "East")
            #expect(again.code != 0 && again.errors.contains("steward job cancel \(job)"), "\(again)")
            let listed = try await tool.run("job", "list", "--open", "--output", "csv")
            #expect(listed.output.contains("transfer_user") && listed.output.contains("\(day)T00:00:00Z"), "\(listed)")
            let cancelled = try await tool.run("job", "cancel", job)
            #expect(cancelled.code == 0, "\(cancelled)")
            let wrong = try await tool.run("user", "transfer", "ann@acme.example", "--to", "East", "--on", "2020-01-01")
            #expect(wrong.code != 0 && wrong.errors.contains("OUT_OF_RANGE"), "\(wrong)")
        }
    }
}
