import Contracts
import CustomerContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What is there already is not made again, whoever brings it and however it is known.
    @Suite(.serialized) struct ImportAgainJourney {
        private func signedIn() async throws -> (TestWorkspace, CommandLineTool) {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            return (workspace, tool)
        }

        @Test(arguments: [
            ("display_name", "Acme", "Acme"), ("city", "Rome", " Rome "),
            ("annual_revenue", "1250 EUR", "\"1,250.00 EUR\""),
            ("follow_up_time", "2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ])
        func everyKeyMatches(_ key: String, _ first: String, _ second: String) async throws {
            let (workspace, tool) = try await signedIn()
            let name = key == "display_name" ? "external_id" : "display_name"
            let path = try tool.file("a.csv", "\(name),\(key)\nA,\(first)\nB,\(first)\n")
            let result = try await tool.run("import", "accounts", path, "--key", key)
            #expect(result.lines.last == "1 created, 1 existed, 0 refused", "\(result.errors)")
            let other = try tool.file("b.csv", "\(name),\(key)\nC,\(second)\n")
            let again = try await tool.run("import", "accounts", other, "--key", key)
            #expect(again.lines.last == "0 created, 1 existed, 0 refused", "\(again.output)\(again.errors)")
            await workspace.close()
        }

        @Test func aKeyThatCannotBeIsRefusedBeforeAnythingIsMade() async throws {
            let (workspace, tool) = try await signedIn()
            let path = try tool.file("a.csv", "family_name,contact_points.email\nA,a@b.example\n")
            let result = try await tool.run("import", "contacts", path, "--key", "contact_points.email")
            #expect(result.code == 1 && result.errors.contains("family_name"), "\(result.errors)")
            #expect(try await workspace.admin.contacts.listContacts(ListContactsRequest()).records.isEmpty)
            await workspace.close()
        }

        /// As every export has an id column, and those of the fields that the service sets.
        @Test func anExportIsImportedTwice() async throws {
            let (source, tool) = try await signedIn()
            let made = try await tool.run(
                "contact", "create", "family_name=Olm", "birth_date=1980-02-29",
                #"contact_points=[{"kind":"EMAIL","value":"o@x.example","label":"work, home","primary":true,"opted_out":true}]"#
            )
            #expect(made.code == 0, "\(made.errors)")
            let columns =
                "id,version,create_time,update_time,delete_time,family_name,birth_date,contact_points,description"
            let export = try await tool.run("contact", "list", "--output", "csv", "--columns", columns)
            await source.close()
            let (target, other) = try await signedIn()
            let path = try other.file("contacts.csv", export.output)
            let report = "\(other.folder)/report.csv"
            let result = try await other.run("import", "contacts", path, "--report", report)
            #expect(result.lines.last == "1 created, 0 existed, 0 refused", "\(result.output)\(result.errors)")
            #expect(result.errors.contains("left out, since the service sets them: version, create_time"))
            let again = try await other.run("import", "contacts", path)
            #expect(again.lines.last == "0 created, 1 existed, 0 refused", "\(again.output)\(again.errors)")
            let back = try await other.run(
                "contact", "list", "--output", "csv", "--columns", "id,family_name,birth_date,contact_points")
            let before = try await target.admin.contacts.listContacts(ListContactsRequest()).records
            #expect(before.first?.contactPoints.first?.label == "work, home")
            #expect(before.first?.contactPoints.first?.optedOut == true)
            #expect(back.lines.count == 2)
            let changed = try other.file("changed.csv", export.output.replacing("Olm", with: "Elm"))
            let refused = try await other.run("import", "contacts", changed)
            #expect(refused.errors.contains("another family_name"), "\(refused.errors)")
            await target.close()
        }

        @Test func whatWasDeletedDoesNotCountAsExisting() async throws {
            let (workspace, tool) = try await signedIn()
            #expect(try await tool.run("account", "create", "display_name=Acme").code == 0)
            let path = try tool.file(
                "a.csv",
                try await tool.run("account", "list", "--output", "csv", "--columns", "id,display_name").output)
            #expect(try await tool.run("account", "delete", "Acme").code == 0)
            for options in [["--key", "id"], []] {
                let result = try await tool.run(arguments: ["import", "accounts", path] + options)
                #expect(result.code == 1 && result.errors.contains("RECORD_DELETED"), "\(result.errors)")
                #expect(result.errors.contains("steward account restore"))
            }
            let list = try await tool.run("account", "list", "--deleted")
            #expect(list.output.contains("DELETE TIME"), "\(list.output)")
            let gone = try await tool.run("account", "get", "Acme")
            #expect(gone.code == 1 && gone.errors.contains("--deleted"), "\(gone.errors)")
            let export = try await tool.run("account", "list", "--deleted", "--output", "csv")
            let living = try await tool.run("import", "accounts", try tool.file("d.csv", export.output), "--as-new")
            #expect(living.lines.last == "0 created, 0 existed, 1 refused", "\(living.output)")
            #expect(try await tool.run("account", "restore", "Acme").code == 0)
            await workspace.close()
        }

        @Test func whatTheServiceSetsIsNotTaken() async throws {
            let (workspace, tool) = try await signedIn()
            for field in ["create_time=2020-01-01", "version=7", "stage_enter_time=2020-01-01"] {
                let result = try await tool.run("deal", "create", "display_name=D", field)
                #expect(result.code == 1 && result.errors.contains("set by the service"), "\(result.errors)")
            }
            let user = try await tool.run("user", "create", "email=u@x.example", "display_name=U", "role=Sales rep")
            #expect(user.code == 0, "\(user.errors)")
            let update = try await tool.run("user", "update", "u@x.example", "role=Admin")
            #expect(update.code == 1 && update.errors.contains("--replace"), "\(update.errors)")
            await workspace.close()
        }
    }
}
