import Contracts
import CustomerContracts
import TestSupport
import Testing
import Wire

@testable import steward

/// Fields that a workspace has added, as columns and as cells.
@Suite struct CustomFieldTests {
    private static let account = Account(
        customFields: [
            CustomField(name: "size", intValue: 42), CustomField(name: "motto", stringValue: "一帆, 风顺"),
            CustomField(name: "budget", moneyValue: Money(currencyCode: "EUR", minorUnits: 125_050)),
            CustomField(name: "sports", stringValues: ["judo", "golf"]),
        ], displayName: "Acme")

    @Test(arguments: [
        ("custom.size", "42", "42"), ("custom.motto", "一帆, 风顺", "一帆, 风顺"),
        ("custom.budget", "1,250.50 EUR", "1,250.50 EUR"), ("custom.sports", "judo, golf", "judo, golf"),
        ("custom.none", "", ""),
    ])
    func columnsShowThem(path: String, text: String, cell: String) throws {
        let column = try RecordColumn.named(path, in: Account.descriptor)
        let record = Self.account.message()
        #expect(column.name == path && column.path == path)
        #expect(column.text(of: record, .none) == text && column.cell(of: record, .none) == cell)
        #expect(column.isSet(in: record) == !text.isEmpty)
    }

    /// A kind of records without them has no such column.
    @Test func othersHaveNone() {
        #expect(throws: (any Error).self) { try RecordColumn.named("custom.size", in: Money.descriptor) }
    }

    @Test func filesHaveColumnsOfThem() throws {
        let header = try ImportHeader(["display_name", "Custom.Size", "custom.motto"], of: Account.descriptor)
        #expect(header.columns.map(\.path) == ["display_name", "custom.size", "custom.motto"])
        #expect(header.columns[1].target == .custom("custom.size"))
        #expect(header.column(of: "accounts[3].custom.size", in: ["a", "1", "b"])?.name == "Custom.Size")
        let double = #expect(throws: UsageProblem.self) {
            try ImportHeader(["custom.size", "custom.Size"], of: Account.descriptor)
        }
        #expect(double?.text.contains("custom.size") == true)
    }

    @Test func aMaskNamesThemOneByOne() {
        #expect(
            CustomFieldKinds.paths(in: Self.account.message())
                == ["custom.size", "custom.motto", "custom.budget", "custom.sports"])
    }
}
