import Contracts
import CustomerContracts
import Foundation
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The command line, as a person at a terminal and as a script use it.
    @Suite(.serialized) struct CommandLineJourney {
        private func expectSuccess(_ result: CommandLineTool.Result, _ what: String) {
            #expect(result.code == 0, "\(what): \(result.errors)\(result.output)")
        }

        @Test func signingInAndOut() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try CommandLineTool(steward, knowsServer: false)
            let early = try await tool.run("account", "list")
            #expect(early.code == 1)
            #expect(early.errors.contains("steward login"))
            let unknown = try await tool.run(
                "login", "--workspace", workspace.name, "--email", workspace.adminEmail, "--password-file", "-",
                input: "\(TestSteward.password)\n")
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("--server"))

            let password = try tool.file("password", "\(TestSteward.password)\n")
            let login = try await tool.run(
                "login", "--server", steward.address, "--ca", steward.trustRoots, "--workspace", workspace.name,
                "--email",
                workspace.adminEmail, "--password-file", password)
            expectSuccess(login, "login")
            #expect(login.output.contains("signed in as \(workspace.adminEmail)"))
            let session = "\(tool.folder)/home/sessions/default"
            let attributes = try FileManager.default.attributesOfItem(atPath: session)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            // The session remembers where the server is.
            let who = try await tool.run("whoami")
            expectSuccess(who, "whoami")
            #expect(who.output.contains(workspace.adminEmail) && who.output.contains("Admin"))
            // A session that has run out is renewed without a word.
            try await steward.database.run(
                """
                UPDATE directory.sessions SET expires_at = now() - interval '1 second'
                WHERE tenant_id = '\(workspace.tenantID)'
                """)
            expectSuccess(try await tool.run("account", "list"), "list after the end of the session")
            expectSuccess(try await tool.run("logout"), "logout")
            #expect(try await tool.run("account", "list").code == 1)

            let wrong = try await tool.run(
                "login", "--server", steward.address, "--ca", steward.trustRoots, "--workspace", workspace.name,
                "--email",
                workspace.adminEmail, "--password-file", "-", input: "wrong password\n")
            #expect(wrong.code == 1)
            #expect(wrong.errors.contains("SIGN_IN_FAILED"))
            #expect(!wrong.errors.contains("wrong password"))
            await workspace.close()
        }

        @Test func recordsFromCreationToDeletion() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let created = try await tool.run(
                "account", "create", "display_name=北京 Müller & Söhne", "city=Berlin", "annual_revenue=12.50 EUR",
                "external_id=X-1", "--output", "json")
            expectSuccess(created, "create")
            let account = try object(created.output)
            let id = try #require(account["id"] as? String)
            #expect(account["display_name"] as? String == "北京 Müller & Söhne")
            let stored = try await workspace.admin.accounts.getAccount(GetAccountRequest(id: id)).record
            #expect(stored?.annualRevenue == Money(currencyCode: "EUR", minorUnits: 1_250))

            let again = try await tool.run(
                "account", "create", "display_name=Other", "external_id=X-1", "--if-absent", "external_id")
            expectSuccess(again, "create --if-absent")
            #expect(again.errors.contains("exists"))
            let got = try await tool.run("account", "get", id)
            #expect(got.output.contains("北京 Müller & Söhne") && got.output.contains("Berlin"))
            expectSuccess(
                try await tool.run("account", "update", id, "city=Rome", "industry=Desks", "--version", "1"), "update")
            let stale = try await tool.run("account", "update", id, "city=Paris", "--version", "1")
            #expect(stale.code == 1)
            #expect(stale.errors.contains("VERSION_CONFLICT") && stale.errors.contains("city"))
            #expect(stale.errors.contains("next:"))

            let listed = try await tool.run(
                "account", "list", "--filter", "city = \"Rome\"", "--columns", "display_name,city", "--output", "csv")
            #expect(listed.lines == ["display_name,city", "北京 Müller & Söhne,Rome"])
            let ids = try await tool.run("account", "list", "--output", "csv", "--columns", "id")
            #expect(ids.lines == ["id", id])
            let table = try await tool.run("account", "list")
            #expect(table.lines.count == 2 || table.lines.count == 3)
            let json = try await tool.run("account", "list", "--output", "json")
            let all = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
            #expect(all?.map { $0["city"] as? String } == ["Rome"])

            expectSuccess(try await tool.run("account", "delete", id), "delete")
            #expect(try await tool.run("account", "get", id).code == 1)
            expectSuccess(try await tool.run("account", "restore", id), "restore")
            expectSuccess(try await tool.run("account", "get", id), "get")
            try await tellsItsHistory(tool, account: id, of: workspace)
            await workspace.close()
        }

        private func tellsItsHistory(
            _ tool: CommandLineTool, account id: String, of workspace: TestWorkspace
        ) async throws {
            let history = try await tool.run("account", "history", id)
            expectSuccess(history, "history")
            for text in [
                "restore", "delete", "city: Berlin → Rome", "industry: – → Desks", "display_name: 北京 Müller & Söhne",
                "annual_revenue: 12.50 EUR", "Admin",
            ] {
                #expect(history.output.contains(text), "\(history.output)")
            }
            #expect(try await tool.run("account", "history", id, "--limit", "1").lines.count == 2)
            let json = try await tool.run("account", "history", id, "--output", "json")
            let changes = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
            #expect(changes?.map { $0["method"] as? String } == ["restore", "delete", "update", "create"])
            #expect(changes?.map { $0["version"] as? String } == ["4", "3", "2", "1"])
            expectSuccess(try await tool.run("account", "delete", id), "delete")
            #expect(try await tool.run("account", "history", id).code == 1)
            expectSuccess(try await tool.run("account", "history", id, "--deleted"), "history of a deleted one")
        }

        private func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        @Test func aFileWithABadRow() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let accounts = try tool.file(
                "accounts.csv",
                """
                external_id,display_name,city,email
                A-1,"Acme, Inc.",Berlin,info@acme.example
                A-2,Beta,Rome,not an address
                A-3,北京公司,北京,
                """)
            let first = try await tool.run(
                "import", "accounts", accounts, "--key", "external_id", "--report", "\(tool.folder)/report.csv")
            #expect(first.code == 1)
            #expect(first.lines.last == "2 created, 0 existed, 1 refused")
            #expect(first.errors.contains("3") && first.errors.contains("email"))
            let report = try String(contentsOfFile: "\(tool.folder)/report.csv", encoding: .utf8)
            #expect(report.split(separator: "\n").count == 4)
            let fixed = try tool.file(
                "fixed.csv",
                """
                external_id,display_name,city,email
                A-1,"Acme, Inc.",Berlin,info@acme.example
                A-2,Beta,Rome,info@beta.example
                A-3,北京公司,北京,
                """)
            let second = try await tool.run("import", "accounts", fixed, "--key", "external_id")
            expectSuccess(second, "import")
            #expect(second.lines.last == "1 created, 2 existed, 0 refused")
            let names = try await workspace.admin.accounts.listAccounts(
                ListAccountsRequest(orderBy: ["external_id"])
            ).records.map(\.displayName)
            #expect(names == ["Acme, Inc.", "Beta", "北京公司"])

            let deals = try tool.file(
                "deals.csv",
                """
                external_id,display_name,account.external_id,amount,close_date
                D-1,Ten desks,A-1,2500.00 EUR,2027-01-31
                """)
            expectSuccess(try await tool.run("import", "deals", deals, "--key", "external_id"), "import of deals")
            let board = try await tool.run("deal", "board")
            expectSuccess(board, "board")
            for word in ["Qualified", "Won", "Ten desks", "2,500"] {
                #expect(board.output.contains(word), "\(board.output)")
            }
            let headless = try tool.file("headless.csv", "colour\nred\n")
            let unknown = try await tool.run("import", "accounts", headless)
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("colour"))
            await workspace.close()
        }

        @Test func dealsThroughTheirStages() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let created = try await tool.run(
                "deal", "create", "display_name=Desk", "amount=100 EUR", "--output", "json")
            expectSuccess(created, "create")
            let id = try #require(try object(created.output)["id"] as? String)
            let lost = try await tool.run("deal", "move", id, "--stage", "Lost")
            #expect(lost.code == 1)
            #expect(lost.errors.contains("outcome_reason") || lost.errors.contains("lost"))
            expectSuccess(
                try await tool.run("deal", "move", id, "--stage", "Won", "--reason", "best price"), "move")
            let history = try await tool.run("deal", "stage-history", id, "--output", "csv")
            #expect(history.lines.count == 3)
            try await movesBetweenPipelines(tool, deal: id)
            let board = try await tool.run("deal", "board", "--output", "json")
            let columns = try object(board.output)["columns"] as? [[String: Any]]
            #expect(columns?.count == 5)
            await workspace.close()
        }

        /// One deal, and then all that a pipeline has.
        private func movesBetweenPipelines(_ tool: CommandLineTool, deal: String) async throws {
            expectSuccess(try await tool.run("pipeline", "create", "display_name=Partners"), "create pipeline")
            for (name, position, category) in [("New", "1", "OPEN"), ("Won", "2", "WON")] {
                expectSuccess(
                    try await tool.run(
                        "stage", "create", "pipeline.display_name=Partners", "display_name=\(name)",
                        "position=\(position)", "category=STAGE_CATEGORY_\(category)",
                        "probability_percent=\(category == "WON" ? "100" : "10")"), "create stage")
            }
            expectSuccess(
                try await tool.run("deal", "move", deal, "--pipeline", "Partners", "--stage", "New"), "move over")
            expectSuccess(
                try await tool.run("deal", "move", deal, "--pipeline", "Sales", "--stage", "Qualified"), "move back")
            let unmapped = try await tool.run("deal", "move-all", "--from", "Sales", "--to", "Partners")
            #expect(unmapped.code == 1)
            let moved = try await tool.run(
                "deal", "move-all", "--from", "Sales", "--to", "Partners", "--map", "Qualified=New")
            expectSuccess(moved, "move all")
            #expect(moved.output.contains("1 moved"))
        }

        @Test func anyMethodByItsName() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try CommandLineTool(steward)
            // What there is can be asked for without a session.
            let services = try await tool.run("describe")
            expectSuccess(services, "describe")
            #expect(services.output.contains("DealService"))
            let method = try await tool.run("describe", "DealService/MoveDealStage")
            #expect(method.output.contains("outcome_reason"))
            let misspelt = try await tool.run("describe", "DaelService")
            #expect(misspelt.code == 1)

            try await tool.signIn(workspace)
            let called = try await tool.run(
                "call", "AccountService/CreateAccount", #"{"account": {"display_name": "By hand"}}"#)
            expectSuccess(called, "call")
            #expect(try object(called.output)["account"] != nil)
            let unknown = try await tool.run("call", "AccountService/ExplodeAccount", "{}")
            #expect(unknown.code == 1)
            let field = try await tool.run("call", "AccountService/ListAccounts", #"{"colour": "red"}"#)
            #expect(field.code == 1)
            #expect(field.errors.contains("colour"))
            let json = try await tool.run("call", "AccountService/ListAccounts", "{page_size")
            #expect(json.code == 1)
            await workspace.close()
        }

        @Test func mistakesAreAnsweredWithAWayOut() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let (_, reader) = try await workspace.connect(as: "reader@\(workspace.name).example", roles: ["Reader"])
            await reader.close()
            let tool = try CommandLineTool(steward)
            try await tool.signIn(workspace, "reader@\(workspace.name).example")
            let forbidden = try await tool.run("account", "create", "display_name=Mine")
            #expect(forbidden.code == 1)
            #expect(forbidden.errors.contains("account.create") && forbidden.errors.contains("next:"))
            let field = try await tool.run("account", "create", "colour=red")
            #expect(field.code == 1)
            #expect(field.errors.contains("colour"))
            let filter = try await tool.run("account", "list", "--filter", "colour = \"red\"")
            #expect(filter.code == 1)
            #expect(filter.errors.contains("colour"))
            #expect(try await tool.run("account", "paint").code == 64)
            for limit in ["many", "0", "-1", "9223372036854775808"] {
                let list = try await tool.run("account", "list", "--limit", limit)
                #expect(list.code == 64 && list.output.isEmpty, "\(limit)")
                #expect(list.errors.contains("--limit \(limit) is out of its range"), "\(limit): \(list.errors)")
                #expect(list.errors.contains("from 1 to 9223372036854775807, or all"), "\(limit)")
            }
            let nowhere = try await tool.run("account", "list", "--server", "localhost:9")
            #expect(nowhere.code == 75)
            #expect(nowhere.errors.contains("next:"))
            let operators = try await tool.run("tenant", "list")
            #expect(operators.code == 1)
            #expect(operators.errors.contains("OPERATOR_REQUIRED"))
            #expect(forbidden.output.isEmpty && field.output.isEmpty && filter.output.isEmpty)
            await workspace.close()
        }

        @Test func operatorsOpenWorkspaces() async throws {
            let steward = try await TestSteward.shared()
            let tool = try CommandLineTool(steward)
            let password = try tool.file("password", TestSteward.password)
            expectSuccess(
                try await tool.run(
                    "login", "--operator", "--email", TestSteward.operatorEmail, "--password-file", password), "login")
            let name = "cli\(UInt32.random(in: 0 ... .max))"
            func create(_ company: String) async throws -> CommandLineTool.Result {
                try await tool.run(
                    "tenant", "create", "--workspace", name, "--display-name", company, "--admin-email",
                    "admin@\(name).example", "--admin-display-name", "Ada", "--admin-password-file", password,
                    "--if-absent")
            }
            expectSuccess(try await create("By hand"), "create")
            let again = try await create("By another hand")
            expectSuccess(again, "create again")
            #expect((again.output + again.errors).contains("exists"))
            let listed = try await tool.run("tenant", "list")
            #expect(listed.output.contains(name))
            let admin = try await steward.connect()
            try await admin.signIn(workspace: name, email: "admin@\(name).example", password: TestSteward.password)
            await admin.close()
        }
    }
}
