import Contracts
import IdentityContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// A workspace works with objects and fields of its own as with those that all workspaces have: every command knows them, for whoever may.
    @Suite(.serialized) struct OwnObjectCommandsJourney {
        private static let model = """
            objects:
              - { name: course, display_name: Course, plural_display_name: Courses, shared: true }
              - { name: task, display_name: Task, plural_display_name: Tasks, number_format: "T-{number:3}" }
              - { name: contract, display_name: Contract, plural_display_name: Contracts }
              - { name: account, display_name: Cost account, plural_display_name: Cost accounts }
            fields:
              - { object: custom.course, name: code, kind: TEXT, display_name: Code }
              - { object: custom.course, name: hours, kind: NUMBER, display_name: Hours }
              - { object: custom.task, name: due_date, kind: DATE, display_name: Due }
              - { object: account, name: size, kind: WHOLE_NUMBER, display_name: Size }
              - { object: account, name: budget, kind: MONEY, display_name: Budget }
            roles:
              - display_name: Trainer
                grants:
                  - { object: custom.course, action: "*", scope: ALL }
                  - { object: custom.task, action: "*", scope: ALL }

            """

        private func expectSuccess(_ result: CommandLineTool.Result, _ what: String) {
            #expect(result.code == 0, "\(what): \(result.errors)\(result.output)")
        }

        private func prepared(_ workspace: TestWorkspace) async throws -> CommandLineTool {
            let tool = try await workspace.commandLine()
            let file = try tool.file("model.yaml", Self.model)
            expectSuccess(try await tool.run("model", "apply", file), "model")
            return tool
        }

        @Test func whoMayNotReadDefinitionsAndUsersWorksWithFields() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            _ = try await prepared(workspace)
            let email = "tim@\(workspace.name).example"
            let (_, connection) = try await workspace.connect(as: email, roles: ["Trainer"])
            await connection.close()
            let tool = try CommandLineTool(steward)
            try await tool.signIn(workspace, email)

            expectSuccess(
                try await tool.run("course", "create", "display_name=S", "custom.code=SEC-1", "custom.hours=1.5"),
                "create")
            let bare = try await tool.run("course", "create", "display_name=S", "code=SEC-1")
            #expect(bare.code == 1 && bare.errors.contains("did you mean custom.code?"), "\(bare.errors)")
            let filtered = try await tool.run("course", "list", "--filter", "code = \"SEC-1\"")
            #expect(filtered.code == 1 && filtered.errors.contains("did you mean custom.code?"), "\(filtered.errors)")
            for owner in [email, "me"] {
                let mine = try await tool.run("task", "create", "custom.due_date=2026-12-24", "owner=\(owner)")
                expectSuccess(mine, "owner \(owner)")
            }
            let other = try await tool.run("task", "create", "owner=admin@\(workspace.name).example")
            #expect(other.code == 1 && other.errors.contains("user.read"), "\(other.errors)")

            let table = try await tool.run("course", "list")
            for word in ["CODE", "HOURS", "SEC-1", "1.5"] { #expect(table.output.contains(word), "\(table.output)") }
            let due = try await tool.run("task", "list", "--columns", "custom.due_date")
            #expect(due.lines == ["DUE", "2026-12-24", "2026-12-24"], "\(due.output)\(due.errors)")
            let csv = try await tool.run("course", "list", "--output", "csv")
            #expect(csv.lines.first?.contains("custom.code,custom.hours") == true, "\(csv.output)")
            let nope = try await tool.run("task", "list", "--columns", "number,custom.nope")
            #expect(nope.code == 1 && nope.errors.contains("custom.due_date"), "\(nope.errors)")
            // By its number, which is also what it is called.
            let got = try await tool.run("task", "get", "T-002", "--columns", "number", "--output", "csv")
            #expect(got.lines == ["number", "T-002"], "\(got.errors)")
            expectSuccess(try await tool.run("task", "update", "T-002", "custom.due_date=2027-01-01"), "update")
            await workspace.close()
        }

        @Test func namesOfOwnObjectsAreNoTypos() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await prepared(workspace)
            expectSuccess(try await tool.run("contract", "create", "display_name=C"), "contract")
            let typo = try await tool.run("acount", "list")
            #expect(typo.code == 64 && typo.errors.contains("did you mean steward account?"), "\(typo.errors)")
            // What begins with custom. is never one that all workspaces have.
            expectSuccess(try await tool.run("custom.account", "create", "display_name=Travel"), "own")
            let builtIn = try await tool.run("account", "list", "--output", "csv", "--columns", "display_name")
            #expect(builtIn.lines == ["display_name"], "\(builtIn.output)")
            let own = try await tool.run("custom.account", "list", "--output", "csv", "--columns", "display_name")
            #expect(own.lines == ["display_name", "Travel"], "\(own.output)\(own.errors)")
            let none = try await tool.run("custom.lead", "list")
            #expect(none.code == 1 && none.errors.contains("OBJECT_NOT_DEFINED"), "\(none.errors)")

            for field in ["account.custom.size", "task.custom.due_date", "custom.task.custom.due_date"] {
                expectSuccess(try await tool.run("role", "set-field", "Sales rep", field, "read"), field)
            }
            let wrong = try await tool.run("role", "set-field", "Sales rep", "deel.amount", "read")
            #expect(wrong.code == 1 && wrong.errors.contains("did you mean deal?"), "\(wrong.errors)")
            let bare = try await tool.run("role", "set-field", "Sales rep", "account.size", "read")
            #expect(bare.code == 1 && bare.errors.contains("custom.size"), "\(bare.errors)")
            for right in [["user.read"], ["contract.read", "own"], ["custom.task", "update", "all"]] {
                expectSuccess(try await tool.run(arguments: ["role", "grant", "Trainer"] + right), "\(right)")
            }
            expectSuccess(try await tool.run("role", "revoke", "Trainer", "custom.task.update"), "revoke")

            expectSuccess(try await tool.run("field-definition", "delete", "custom.task.due_date"), "field")
            let deleted = try await tool.run("object-definition", "delete", "contract")
            #expect(deleted.code == 0 && deleted.errors.contains("contract had 1 record,"), "\(deleted.errors)")
            expectSuccess(try await tool.run("object-definition", "restore", "custom.contract"), "restore")
            let refused = try await tool.run(
                "model", "apply",
                try tool.file(
                    "kind.yaml", "fields:\n  - { object: account, name: size, kind: TEXT, display_name: Size }\n"))
            let told = ["fields[0] (account.size), kind:", "field-definition change-kind"].allSatisfy(
                refused.errors.contains)
            #expect(refused.code == 1 && told, "\(refused.errors)")
            await workspace.close()
        }

        @Test func filesHaveAColumnForEachField() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await prepared(workspace)
            expectSuccess(
                try await tool.run(
                    "account", "create", "display_name=Acme", "external_id=E-1", "custom.size=42",
                    "custom.budget=12.50 EUR"), "create")
            let exported = try await tool.run("account", "export")
            let header = try #require(exported.lines.first)
            #expect(header.contains(",custom.size,custom.budget,") && !header.contains("custom_fields"), "\(header)")
            #expect(exported.output.contains(",42,12.50 EUR,"), "\(exported.output)")

            let file = try tool.file("new.csv", "display_name,Size,budget\nBeta,7,1.50 EUR\nGamma,x,1\n")
            let imported = try await tool.run("import", "accounts", file, "--report", "\(tool.folder)/report.csv")
            #expect(imported.output.contains("1 created, 0 existed, 1 refused"), "\(imported.errors)")
            #expect(imported.errors.contains("column Size") && imported.errors.contains("column budget"))
            let found = try await tool.run(
                "account", "list", "--filter", "custom.size = 7", "--output", "csv", "--columns",
                "display_name,custom.budget")
            #expect(found.lines == ["display_name,custom.budget", "Beta,1.50 EUR"], "\(found.output)")
            let nothing = try await tool.run("import", "nope", file)
            #expect(nothing.code == 1 && nothing.errors.contains("custom.course"), "\(nothing.errors)")

            // By its key, and by a name in either order.
            #expect(try await tool.run("account", "get", "E-1").output.contains("Acme"))
            expectSuccess(try await tool.run("contact", "create", "given_name=三", "family_name=张"), "contact")
            for name in ["张三", "三 张", "张 三"] { expectSuccess(try await tool.run("contact", "get", name), name) }
            let mine = try await tool.run("search", "Acme", "--owner", "me")
            #expect(mine.output.contains("Acme") || mine.errors.contains("index"), "\(mine.output)\(mine.errors)")
            await workspace.close()
        }
    }
}
