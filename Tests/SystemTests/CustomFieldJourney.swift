import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// An admin adds fields, and everybody works with them at once, as far as they may.
    @Suite(.serialized) struct CustomFieldJourney {
        private func define(_ workspace: TestWorkspace, _ field: FieldDefinition) async throws -> FieldDefinition {
            try #require(
                try await workspace.admin.fieldDefinitions.createFieldDefinition(
                    CreateFieldDefinitionRequest(record: field)
                ).record)
        }

        private static func form(of object: String, _ connection: StewardConnection) async throws -> [ObjectField] {
            let answer: DescribeObjectResponse = try await connection.channel.call(
                ModelServiceOf(package: "steward.customer.v1").describeObject, DescribeObjectRequest(object: object),
                CallOptions())
            return answer.description?.fields ?? []
        }

        @Test func whatIsDefinedIsThereForWhoeverMayHaveIt() async throws {
            let steward = try await TestSteward.shared()
            let (workspace, other) = (try await steward.makeWorkspace(), try await steward.makeWorkspace())
            let rating = try await define(
                workspace,
                FieldDefinition(
                    object: "account", name: "rating", kind: .wholeNumber, displayName: "评级", valueMin: 1, valueMax: 5))
            // Before the first value, so that nobody sees one who is not to.
            let role = try #require(
                try await workspace.admin.roles.createRole(
                    CreateRoleRequest(
                        record: Role(
                            displayName: "Intern",
                            grants: [Contracts.Grant(object: "account", action: "*", scope: .all)],
                            fieldPolicies: [
                                Contracts.FieldPolicy(
                                    object: "account", field: "custom.rating", access: FieldAccess.none)
                            ]))
                ).record?.id)
            _ = try await define(
                workspace,
                FieldDefinition(
                    object: "deal", name: "channel", kind: .choice, displayName: "Channel", choices: ["web", "展会"]))
            // Whoever made it need not wait.
            let account = try #require(
                try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(
                        record: Account(customFields: [CustomField(name: "rating", intValue: 4)], displayName: "Acme"))
                ).record)
            let deal = try await workspace.admin.deals.createDeal(
                CreateDealRequest(
                    record: Deal(
                        customFields: [CustomField(name: "channel", stringValue: "展会")], displayName: "Deal",
                        accountID: account.id))
            ).record
            #expect(deal?.customFields == [CustomField(name: "channel", stringValue: "展会")])
            let wrong = try await refusal {
                try await workspace.admin.accounts.updateAccount(
                    UpdateAccountRequest(
                        record: Account(id: account.id, customFields: [CustomField(name: "rating", intValue: 6)])))
            }
            #expect(wrong.fieldViolations.map(\.field) == ["account.custom.rating"])
            let found = try await workspace.admin.accounts.listAccounts(
                ListAccountsRequest(filterExpression: "custom.rating >= 4", orderBy: ["custom.rating desc"]))
            #expect(found.records.map(\.id) == [account.id])

            let (_, intern) = try await workspace.connect(as: "intern@\(workspace.name).example", roles: ["Intern"])
            let seen = try await intern.accounts.getAccount(GetAccountRequest(id: account.id)).record
            #expect(seen?.displayName == "Acme" && seen?.customFields == [])
            let asked = try await refusal {
                try await intern.accounts.listAccounts(ListAccountsRequest(filterExpression: "custom.rating = 4"))
            }
            #expect(asked.reason == "FIELD_NOT_READABLE")
            _ = role
            // A form of the admin has the field, by its name, one of the intern has not.
            let form = try await Self.form(of: "account", workspace.admin).first { $0.name == "custom.rating" }
            #expect(form?.displayName == "评级" && form?.kind == .wholeNumber && form?.valueMax == 5)
            #expect(form?.access == .write && form?.filterOperators.contains(.greater) == true)
            let formOfIntern = try await Self.form(of: "account", intern).map(\.name)
            #expect(formOfIntern.contains("display_name") && !formOfIntern.contains("custom.rating"))
            let elsewhere = try await refusal {
                try await other.admin.accounts.createAccount(
                    CreateAccountRequest(
                        record: Account(customFields: [CustomField(name: "rating", intValue: 4)], displayName: "B")))
            }
            #expect(elsewhere.fieldViolations.map(\.reason) == ["CUSTOM_FIELD_UNKNOWN"])

            _ = try await workspace.admin.fieldDefinitions.deleteFieldDefinition(
                DeleteFieldDefinitionRequest(id: rating.id))
            #expect(
                try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).record?.customFields
                    == [])
            _ = try await workspace.admin.fieldDefinitions.restoreFieldDefinition(
                RestoreFieldDefinitionRequest(id: rating.id))
            let back = try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).record
            #expect(back?.customFields == [CustomField(name: "rating", intValue: 4)])
            await intern.close()
            await workspace.close()
            await other.close()
        }
    }
}
