import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The command line speaks of records by their names, and of other people's data with care.
    @Suite(.serialized) struct CommandLineNamesJourney {
        private func expectSuccess(_ result: CommandLineTool.Result, _ what: String) {
            #expect(result.code == 0, "\(what): \(result.errors)\(result.output)")
        }

        private func id(_ result: CommandLineTool.Result) throws -> String {
            let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            return try #require(object?["id"] as? String, "\(result.output)\(result.errors)")
        }

        @Test func recordsAreNamedNotNumbered() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            await rep.close()
            let tool = try await workspace.commandLine()
            let acme = try id(
                try await tool.run("account", "create", "display_name=Acme Ltd", "--output", "json"))
            expectSuccess(
                try await tool.run(
                    "deal", "create", "display_name=Two anvils", "account=Acme Ltd", "stage=Qualified",
                    "owner=rep@\(workspace.name).example", "amount=1.250,00 EUR"), "create")
            expectSuccess(
                try await tool.run("deal", "create", "display_name=Mine", "account=\(acme)", "amount=5.00 JPY"),
                "create")

            let table = try await tool.run("deal", "list")
            for word in ["ACCOUNT", "STAGE", "OWNER", "Acme Ltd", "Qualified", "rep@\(workspace.name)", "1,250.00 EUR"]
            {
                #expect(table.output.contains(word), "\(table.output)")
            }
            #expect(!table.output.contains(acme))
            #expect(try await tool.run("deal", "list", "--ids").output.contains(acme))
            let csv = try await tool.run(
                "deal", "list", "--output", "csv", "--columns", "display_name,account,account_id")
            #expect(csv.lines.contains("Two anvils,Acme Ltd,\(acme)"), "\(csv.output)")
            #expect(
                try await tool.run("deal", "list", "--output", "json").output.contains("\"account_id\": \"\(acme)\""))
            let mine = try await tool.run("deal", "list", "--mine", "--output", "csv", "--columns", "display_name")
            #expect(mine.lines == ["display_name", "Mine"])
            #expect(try await tool.run("role", "list", "--mine").code == 64)

            let board = try await tool.run("deal", "board", "--output", "csv")
            #expect(board.lines.first == "stage_id,display_name,category,deal_count,sums,weighted_sums")
            let qualified = board.lines.first { $0.contains(",Qualified,") }
            #expect(qualified?.contains("\"1,250.00 EUR, 5 JPY\"") == true, "\(board.output)")

            let got = try await tool.run("deal", "get", "Two anvils")
            #expect(got.output.contains("\(acme)  Acme Ltd"), "\(got.output)\(got.errors)")
            expectSuccess(
                try await tool.run("deal", "move", "Two anvils", "--stage", "Won", "--reason", "price"), "move by name")
            let stages = try await tool.run("deal", "stage-history", "Two anvils")
            #expect(stages.output.contains("Qualified") && stages.output.contains("Won"), "\(stages.output)")
            let history = try await tool.run("deal", "history", "Two anvils")
            #expect(history.output.contains("stage: Qualified → Won"), "\(history.output)")
            #expect(history.output.contains("MoveDealStage") && !history.output.contains(acme), "\(history.output)")
            expectSuccess(try await tool.run("account", "update", "Acme Ltd", "city=Rome"), "update by name")
            expectSuccess(try await tool.run("account", "create", "display_name=Acme Ltd", "city=Oslo"), "another")
            let ambiguous = try await tool.run("deal", "create", "display_name=X", "account=Acme Ltd")
            #expect(ambiguous.code == 1)
            #expect(ambiguous.errors.contains(acme) && ambiguous.errors.contains("Oslo"), "\(ambiguous.errors)")
            let nobody = try await tool.run(
                "deal", "create", "display_name=X", "owner=nobody@\(workspace.name).example")
            #expect(nobody.code == 1 && nobody.errors.contains("no user"))

            let other = try id(try await tool.run("account", "create", "display_name=B", "--output", "json"))
            let double = try await tool.run("account", "update", other, "id=\(acme)", "display_name=Oops")
            #expect(double.code == 1)
            let names = try await workspace.admin.accounts.listAccounts(
                ListAccountsRequest(filterExpression: "display_name = \"Oops\"")
            ).records
            #expect(names.isEmpty)
            await workspace.close()
        }

        @Test func peopleAndTheirRights() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let email = "rep@\(workspace.name).example"
            let (user, rep) = try await workspace.connect(as: email, roles: ["Sales rep"])
            await rep.close()
            let tool = try await workspace.commandLine()
            expectSuccess(try await tool.run("user", "update", email, "job_title=Rep"), "update by address")
            for name in [email, try #require(user.id)] {
                expectSuccess(
                    try await tool.run(
                        "user", "set-password", name, "--password-file", "-", input: TestSteward.password + "\n"),
                    "set-password \(name)")
            }
            expectSuccess(
                try await tool.run("role", "set-field", "Sales rep", "account.tax_id", "none"), "first policy")
            expectSuccess(
                try await tool.run("role", "set-field", "Sales rep", "deal.amount", "masked"), "second policy")
            func policies() async throws -> [FieldPolicy] {
                try await workspace.admin.roles.getRole(GetRoleRequest(id: try await workspace.roleID("Sales rep")))
                    .record?.fieldPolicies ?? []
            }
            #expect(Set(try await policies().map(\.field)) == ["tax_id", "amount"])
            expectSuccess(
                try await tool.run("role", "set-field", "Sales rep", "deal.amount", "write"), "policy removed")
            #expect(try await policies().map(\.field) == ["tax_id"])
            expectSuccess(try await tool.run("role", "grant", "Sales rep", "stage", "update", "all"), "grant")
            expectSuccess(try await tool.run("role", "revoke", "Sales rep", "stage", "update"), "revoke")
            let twice = try await tool.run("role", "revoke", "Sales rep", "stage", "update")
            #expect(twice.code == 1 && twice.errors.contains("deal read"), "\(twice.errors)")

            let own = try CommandLineTool(steward)
            try await own.signIn(workspace, email)
            let new = try own.file("new", "another horse battery\n")
            expectSuccess(
                try await own.run(
                    "password", "change", "--password-file", "-", "--new-password-file", new,
                    input: TestSteward.password + "\n"), "password change")
            let session = try await own.run(
                "login", "--workspace", workspace.name, "--email", email, "--password-file", new)
            expectSuccess(session, "login with the new password")
            await workspace.close()
        }

        @Test func listsAreNotReplacedByTheWay() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let role = "Sales rep"
            _ = try await tool.run("role", "set-field", role, "deal.amount", "none")
            let policy =
                "field_policies=[{\"object\": \"account\", \"field\": \"tax_id\", \"access\": \"FIELD_ACCESS_NONE\"}]"
            let refused = try await tool.run("role", "update", role, policy)
            #expect(refused.code == 1)
            #expect(
                refused.errors.contains("steward role set-field") && refused.errors.contains("--replace"),
                "\(refused.errors)")
            let before = try await tool.run("role", "get", role, "--output", "json")
            #expect(before.output.contains("amount") && !before.output.contains("tax_id"), "\(before.output)")
            let replaced = try await tool.run("role", "update", role, policy, "--replace")
            #expect(replaced.code == 0, "\(replaced.errors)")
            let after = try await tool.run("role", "get", role, "--output", "json")
            #expect(!after.output.contains("amount") && after.output.contains("tax_id"), "\(after.output)")
            let move = try await tool.run("deal", "update", RecordID.make().text, "stage=Won")
            #expect(move.code == 1 && move.errors.contains("steward deal move"), "\(move.errors)")
            let hint = try await tool.run("deal", "list", "--filter", "stage = 'Won'")
            #expect(hint.code == 1 && hint.errors.contains("stage.display_name"), "\(hint.errors)")
            // One that is empty is filled without more ado.
            let contact = try await tool.run("contact", "create", "given_name=Ann", "family_name=Lee")
            #expect(contact.code == 0, "\(contact.errors)")
            let first = try await tool.run("contact", "update", "Ann Lee", "contact_points.email=a@x.example")
            #expect(first.code == 0, "\(first.errors)")
            let second = try await tool.run("contact", "update", "Ann Lee", "contact_points.phone=+4930")
            #expect(second.code == 1 && second.errors.contains("--replace"), "\(second.errors)")
            await workspace.close()
        }

        @Test func typesAndMisspelledWords() async throws {
            let steward = try await TestSteward.shared()
            let tool = try CommandLineTool(steward)
            let message = try await tool.run("describe", "Account")
            expectSuccess(message, "describe Account")
            #expect(message.output.contains("annual_revenue"))
            #expect(message.output.contains("An account."))
            let type = try await tool.run("describe", "StageCategory")
            expectSuccess(type, "describe StageCategory")
            #expect(type.output.contains("STAGE_CATEGORY_WON"))
            let near = try await tool.run("describe", "Acount")
            #expect(near.code == 1 && near.errors.contains("Account"), "\(near.errors)")
            let noun = try await tool.run("acount", "list")
            #expect(noun.code == 64 && noun.errors.contains("did you mean steward account?"), "\(noun.errors)")
            let foreign = try await tool.run(
                "describe", "--ca", try Self.foreignAuthority(in: "\(tool.folder)/pki"))
            #expect(foreign.code == 1)
            #expect(foreign.errors.contains("did not sign the gateway's certificate"), "\(foreign.errors)")
            #expect(!foreign.errors.contains("check that the gateway runs"))
        }

        /// An authority that signed nothing here.
        private static func foreignAuthority(in folder: String) throws -> String {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let openssl = Process()
            openssl.executableURL = URL(filePath: "/usr/bin/openssl")
            openssl.arguments = [
                "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=Another", "-days", "2", "-keyout",
                "\(folder)/ca.key", "-out", "\(folder)/ca.crt",
            ]
            openssl.standardError = FileHandle.nullDevice
            try openssl.run()
            openssl.waitUntilExit()
            return "\(folder)/ca.crt"
        }

        @Test func otherPeoplesDataDoesNothingToATerminal() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            // The server takes no such text any more; what was stored before it refused them is there.
            let evil = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}y\nforged  z"
            let account = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Acme"))
            ).record
            let id = try #require(account?.id)
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)?.name)
            try await steward.database.run("UPDATE \(schema).accounts SET description = '\(evil)' WHERE id = '\(id)'")
            for arguments in [
                ["account", "get", id], ["account", "list", "--columns", "id,description"],
                ["account", "list", "--output", "csv"], ["account", "get", id, "--output", "json"],
                ["call", "AccountService/GetAccount", "{\"id\": \"\(id)\"}"],
            ] {
                let shown = try await tool.runOnTerminal(arguments)
                #expect(shown.code == 0, "\(shown.output)")
                let harmful = shown.output.unicodeScalars.filter {
                    $0.value < 0x20 && $0 != "\n" && $0 != "\r" && $0 != "\t" || (0x7f...0x9f).contains($0.value)
                        || $0.value == 0x202e
                }
                #expect(harmful.isEmpty, "\(arguments): \(harmful)")
                // A line break in a quoted field is CSV's own.
                #expect(arguments.last == "csv" || !shown.output.contains("\nforged"), "\(shown.output)")
            }
            // In a file it is what was stored.
            let csv = try await tool.run("account", "list", "--output", "csv", "--columns", "description")
            #expect(csv.output.contains("\u{1b}]0;owned"))
            await workspace.close()
        }
    }
}
