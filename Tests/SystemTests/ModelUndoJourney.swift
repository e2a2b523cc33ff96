import Contracts
import CustomerContracts
import IdentityContracts
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// A model is applied and taken back on the command line, as long as nothing would be lost.
    @Suite(.serialized) struct ModelUndoJourney {
        private static let model = """
            objects:
              - { name: course, display_name: 课程, plural_display_name: Courses, display_field: code, default_sharing: READ }
            fields:
              - { object: custom.course, name: code, kind: TEXT, display_name: Code }
              - { object: account, name: size, kind: WHOLE_NUMBER, display_name: Size }
              - { object: deal, name: channel, kind: TEXT, display_name: Channel }
            roles:
              - display_name: Trainer
                grants:
                  - { object: custom.course, action: "*", scope: OWN }
            views:
              - { object: custom.course, display_name: Coded, filter_expression: "custom.code is set", shared_roles: [Trainer] }

            """

        @Test func nothingThatPeopleWroteIsLost() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            func run(_ arguments: String..., failing: String? = nil) async throws -> String {
                let result = try await tool.run(arguments: arguments)
                if let failing {
                    #expect(result.code == 1 && result.errors.contains(failing), "\(arguments): \(result.errors)")
                } else {
                    #expect(result.code == 0, "\(arguments): \(result.errors)\(result.output)")
                }
                return result.output + result.errors
            }
            let file = try tool.file("model.yaml", Self.model)
            _ = try await run("model", "apply", file)
            let told = try await run("model", "versions")
            #expect(told.contains("Version 1") && told.contains("course"))
            _ = try await run("account", "create", "display_name=Acme", "custom.size=3")
            _ = try await run("account", "create", "display_name=Beta", "custom.size=4")
            let account = try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).records[0]
            let deal = try await workspace.admin.deals.createDeal(
                CreateDealRequest(
                    record: Deal(
                        customFields: [CustomField(name: "channel", stringValue: "web")], displayName: "D",
                        accountID: account.id))
            ).record
            _ = try await run("course", "create", "custom.code=SEC-1")
            let refused = try await run("model", "undo", failing: "MODEL_IN_USE")
            for use in ["account.custom.size", "custom.course", "deal.custom.channel"] {
                #expect(refused.contains(use), "\(refused)")
            }
            // Its display_name is the code, by which it is found and deleted.
            let listed = try await run("course", "list", "--columns", "display_name", "--output", "csv")
            #expect(listed.contains("SEC-1"))
            // What was deleted can come back, and is counted as well.
            _ = try await run("course", "delete", "SEC-1")
            _ = try await run("model", "undo", "--preview", failing: "MODEL_IN_USE")
            await workspace.close()
            #expect(deal?.customFields.count == 1)
        }

        @Test func whatNobodyUsedIsTakenBackAndAppliedAgain() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let file = try tool.file("model.yaml", Self.model)
            for _ in 0..<2 {
                let applied = try await tool.run("model", "apply", file)
                #expect(applied.code == 0, "\(applied.errors)")
                let undone = try await tool.run("model", "undo")
                #expect(undone.code == 0, "\(undone.errors)")
                let exported = try await tool.run("model", "export")
                #expect(exported.code == 0 && !exported.output.contains("course"), "\(exported.output)")
            }
            let none = try await tool.run("model", "undo")
            #expect(none.code == 1 && none.errors.contains("MODEL_VERSION_UNKNOWN"), "\(none.errors)")
            let versions = try await tool.run("model", "versions")
            #expect(versions.output.contains("Version 4") && versions.output.contains("takes back version 3"))
            await workspace.close()
        }
    }
}
