import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// An admin defines a kind of records, and it is there at once, with its rights, its numbers and its noun on the command line.
    @Suite(.serialized) struct CustomRecordJourney {
        @Test func anObjectIsThereForWhoeverMayHaveIt() async throws {
            let steward = try await TestSteward.shared()
            let (workspace, other) = (try await steward.makeWorkspace(), try await steward.makeWorkspace())
            _ = try await workspace.admin.objectDefinitions.createObjectDefinition(
                CreateObjectDefinitionRequest(
                    record: ObjectDefinition(
                        name: "purchase_request", displayName: "采购申请", pluralDisplayName: "采购申请",
                        numberFormat: "PR-{number:3}")))
            _ = try await workspace.admin.fieldDefinitions.createFieldDefinition(
                CreateFieldDefinitionRequest(
                    record: FieldDefinition(
                        object: "custom.purchase_request", name: "amount", kind: .money, displayName: "Amount")))
            let amount = CustomField(name: "amount", moneyValue: Money(currencyCode: "CNY", minorUnits: 9_900))
            // Whoever defined it need not wait.
            let made = try #require(
                try await workspace.admin.records.createRecord(
                    CreateRecordRequest(
                        "purchase_request", CreateRequest(record: Record(customFields: [amount], displayName: "桌子")))
                ).record)
            #expect(made.number == "PR-001" && made.customFields == [amount])
            let found = try await workspace.admin.records.listRecords(
                ListRecordsRequest("purchase_request", ListRequest(filterExpression: "custom.amount > \"98 CNY\"")))
            #expect(found.records == [made])

            _ = try await workspace.admin.roles.createRole(
                CreateRoleRequest(
                    record: Role(
                        displayName: "Buyer",
                        grants: [Contracts.Grant(object: "custom.purchase_request", action: "read", scope: .all)])))
            let (_, buyer) = try await workspace.connect(as: "b@\(workspace.name).example", roles: ["Buyer"])
            let seen = try await buyer.records.getRecord(
                GetRecordRequest("purchase_request", GetRequest(id: made.id)))
            #expect(seen.record?.displayName == "桌子")
            let (_, clerk) = try await workspace.connect(as: "c@\(workspace.name).example", roles: ["Reader"])
            let unseen = try await refusal {
                try await clerk.records.getRecord(GetRecordRequest("purchase_request", GetRequest(id: made.id)))
            }
            #expect(unseen.reason == "PERMISSION_MISSING")
            let elsewhere = try await refusal {
                try await other.admin.records.getRecord(GetRecordRequest("purchase_request", GetRequest(id: made.id)))
            }
            #expect(elsewhere.reason == "OBJECT_NOT_DEFINED")
            await clerk.close()

            // The command line knows it by its name, as any other noun.
            let tool = try await workspace.commandLine()
            let listed = try await tool.run("purchase-request", "list", "--output", "csv")
            #expect(listed.code == 0 && listed.output.contains("PR-001"), "\(listed)")
            let created = try await tool.run("purchase_request", "create", "display_name=椅子", "custom.amount=12.50 CNY")
            #expect(created.code == 0 && created.output.contains("PR-002"), "\(created)")
            let shown = try await tool.run("custom.purchase_request", "get", "椅子")
            #expect(shown.code == 0 && shown.output.contains("PR-002"), "\(shown)")
            let unknown = try await tool.run("xylophone", "list")
            #expect(unknown.code != 0 && unknown.errors.contains("OBJECT_NOT_DEFINED"), "\(unknown)")
            await buyer.close()
        }
    }
}
