import Contracts
import CustomerContracts
import IdentityContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// A view is kept, shared, and used by who sees less than its owner, on the command line.
    @Suite(.serialized) struct SavedViewJourney {
        @Test func aSharedViewIsUsedAsFarAsItsReaderMay() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            _ = try await workspace.admin.roles.createRole(
                CreateRoleRequest(
                    record: Role(
                        displayName: "Intern",
                        grants: [
                            Contracts.Grant(object: "account", action: "*", scope: .all),
                            Contracts.Grant(object: "saved_view", action: "*", scope: .own),
                        ],
                        fieldPolicies: [
                            Contracts.FieldPolicy(object: "account", field: "industry", access: FieldAccess.none)
                        ])))
            _ = try await workspace.admin.accounts.batchCreateAccounts(
                .init(records: [
                    Account(displayName: "云南白药", industry: "Pharma", city: "昆明"),
                    Account(displayName: "Backhaus", industry: "Food", city: "昆明"),
                    Account(displayName: "Zunft", industry: "Pharma", city: "Köln"),
                ]))
            let tool = try await workspace.commandLine()
            let made = try await tool.run(
                "saved-view", "create", "object=account", "display_name=昆明 pharma",
                "filter_expression=city = \"昆明\" and industry = Pharma", "columns=display_name,industry,owner_id",
                "order_by=industry,display_name", "shared_with_all=yes", "default_view=yes")
            #expect(made.code == 0, "\(made)")
            let list = try await tool.run("account", "list", "--view", "昆明 PHARMA")
            #expect(
                list.code == 0
                    && list.lines[0].split(separator: " ").joined(separator: " ") == "DISPLAY NAME INDUSTRY OWNER")
            #expect(list.lines.count == 2 && list.output.contains("云南白药"), "\(list)")
            let narrowed = try await tool.run(
                "account", "list", "--default-view", "--filter", "city = Köln or industry = Food", "--columns", "id")
            #expect(narrowed.errors.contains("nothing found"), "\(narrowed)")
            let export = try await tool.run("account", "export", "--view", "昆明 pharma")
            #expect(export.lines.first?.contains("display_name,industry,owner_id") == true && export.lines.count == 2)

            let (_, intern) = try await workspace.connect(as: "intern@\(workspace.name).example", roles: ["Intern"])
            await intern.close()
            let other = try CommandLineTool(steward)
            try await other.signIn(workspace, "intern@\(workspace.name).example")
            let part = try await other.run("account", "list", "--view", "昆明 pharma", "--output", "csv")
            #expect(part.code == 0 && part.lines.count == 3 && part.output.contains("Backhaus"), "\(part)")
            #expect(part.errors.contains("without industry") && part.errors.contains("may be more records"), "\(part)")
            #expect(!part.output.contains("Pharma"))
            let none = try await other.run("account", "list", "--default-view")
            #expect(none.code == 1 && none.errors.contains("no default view"), "\(none)")
            let unknown = try await other.run("account", "list", "--view", "My open")
            #expect(unknown.code == 1 && unknown.errors.contains("steward saved-view list"), "\(unknown)")
            let described = try await other.run("object", "describe", "account")
            #expect(
                described.code == 0 && described.output.contains("display_name")
                    && !described.output.contains("industry"))
            let objects = try await other.run("object", "list", "--output", "csv")
            #expect(objects.lines.count == 3, "\(objects)")
            await workspace.close()
        }
    }
}
