import Contracts
import CustomerContracts
import Tenancy
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

    private static let kinds = CustomFieldKinds(
        [
            ObjectField(name: "display_name", displayName: "Size", kind: .text),
            ObjectField(name: "custom.size", displayName: "Size", kind: .wholeNumber),
            ObjectField(name: "custom.due_date", displayName: "Fällig", kind: .date),
            ObjectField(name: "custom.budget", displayName: "预算", kind: .money),
            ObjectField(name: "custom.sports", kind: .text, list: true),
            ObjectField(name: "custom.hours", kind: .number),
            ObjectField(name: "custom.score", displayName: "Score", kind: .number, outputOnly: true),
            ObjectField(
                name: "custom.ports", kind: .text, list: true,
                choices: [
                    FieldChoice(text: "Hamburg, Hafen"), FieldChoice(text: "rot", displayName: "Rotterdam, Haven"),
                    FieldChoice(text: "{x}"), FieldChoice(text: "[y]"), FieldChoice(text: "Wien"),
                ]),
        ], of: Account.noun)

    /// By the bare name, and by the label in either case.
    @Test(arguments: [
        ("size", "custom.size"), ("Due Date", "custom.due_date"), ("fällig", "custom.due_date"),
        ("预算", "custom.budget"), ("display_name", nil), ("colour", nil),
    ])
    func theyAreFoundByWhatPeopleCallThem(_ name: String, _ path: String?) {
        #expect(Self.kinds.path(called: name) == path)
        #expect(Self.kinds.problem(of: name)?.cure == path.map { "did you mean \($0)?" })
    }

    @Test func whatThereIsNotSaysWhatThereIs() throws {
        try Self.kinds.require("custom.size")
        let near = #expect(throws: UsageProblem.self) { try Self.kinds.require("custom.sizes") }
        #expect(near?.cure.hasPrefix("did you mean custom.size? they have custom.size, custom.due_date") == true)
        let hidden = CustomFieldKinds([], of: Account.noun, isDescribed: false)
        let nothing = #expect(throws: UsageProblem.self) { try hidden.require("custom.size") }
        #expect(nothing?.text == "there are no records account with which you may do anything")
    }

    @Test func valuesAreSetByTheirKinds() throws {
        let record = Account().message()
        for (path, text) in [
            ("custom.size", "42"), ("custom.budget", "1,250.50 EUR"), ("custom.sports", "judo,golf"),
            ("custom.due_date", "2026-12-24"), ("custom.hours", ""),
        ] {
            try Self.kinds.set(path, to: text, in: record)
        }
        #expect(
            Account(record).customFields == [
                CustomField(name: "size", intValue: 42),
                CustomField(name: "budget", moneyValue: Money(currencyCode: "EUR", minorUnits: 125_050)),
                CustomField(name: "sports", stringValues: ["judo", "golf"]),
                CustomField(name: "due_date", stringValue: "2026-12-24"),
            ])
        let comma = #expect(throws: UsageProblem.self) { try Self.kinds.set("custom.hours", to: "1,5", in: record) }
        #expect(comma?.text == "custom.hours: 1,5 is not a number" && comma?.cure == "write it with a point, 1.5")
    }

    /// A column for each, in CSV; tables show labels.
    @Test func eachIsAColumn() throws {
        var printer = RecordPrinter(format: .csv, columns: [])
        printer.custom = Self.kinds
        let names = try printer.selected(of: Account.descriptor, preferred: []).map(\.name)
        #expect(names.filter { $0.hasPrefix("custom") } == Self.kinds.paths)
        let record = Self.account.message()
        let shown = try RecordPrinter(format: .table, columns: []).selected(of: record).map(\.name)
        #expect(shown == ["custom.size", "custom.motto", "custom.budget", "custom.sports", "display_name"])
        printer = RecordPrinter(format: .csv, columns: ["custom.nope"], custom: Self.kinds)
        #expect(throws: UsageProblem.self) { try printer.selected(of: Account.descriptor, preferred: []) }
        #expect(try RecordColumn.named("custom.size", in: Account.descriptor).isNumber(in: [record]))
        #expect(try !RecordColumn.named("custom.motto", in: Account.descriptor).isNumber(in: [record]))
    }

    @Test func filesHaveColumnsByLabelsAndBareNames() throws {
        let header = try ImportHeader(["display_name", "SIZE", "预算", "due_date"], of: Account.descriptor, Self.kinds)
        #expect(header.columns.map(\.path) == ["display_name", "custom.size", "custom.budget", "custom.due_date"])
        let unknown = #expect(throws: UsageProblem.self) {
            try ImportHeader(["display_name", "custom.colour"], of: Account.descriptor, Self.kinds)
        }
        #expect(unknown?.text.hasPrefix("column 2, custom.colour") == true)
        let double = #expect(throws: UsageProblem.self) {
            try ImportHeader(["Size", "custom.size"], of: Account.descriptor, Self.kinds)
        }
        #expect(double?.text.contains("custom.size") == true)
    }

    /// What a formula or a roll-up gives is no part of a row: neither sent nor told apart by.
    @Test func columnsThatNobodyWritesAreLeftOut() throws {
        let header = try ImportHeader(["display_name", "Score", "size"], of: Account.descriptor, Self.kinds)
        #expect(header.leftOut.map(\.name) == ["Score"])
        #expect(header.columns.map(\.path) == ["display_name", nil, "custom.size"])
        let named = try ImportHeader(["custom.score"], of: Account.descriptor, Self.kinds)
        #expect(named.leftOut.map(\.name) == ["custom.score"])
    }

    /// Several values come back as they were exported, whatever stands in them.
    @Test(arguments: [
        ["Hamburg, Hafen"], ["Hamburg, Hafen", "Wien"], ["{x}"], ["{x}", "Wien"], ["[y]", "{x}"], ["Wien", "rot"],
    ])
    func listsComeBackFromAFile(_ values: [String]) throws {
        let record = Account(customFields: [CustomField(name: "ports", stringValues: values)]).message()
        let cell = try RecordColumn.named("custom.ports", in: Account.descriptor).cell(of: record, .none)
        let back = Account().message()
        try Self.kinds.set("custom.ports", to: cell, in: back)
        #expect(Account(back).customFields.first?.stringValues == values, "\(cell)")
    }

    /// Labels and values, in an array or with commas between.
    @Test(arguments: [
        (#"["Rotterdam, Haven", "wien"]"#, ["rot", "wien"]), ("Rotterdam, Haven", ["rot"]),
        ("Hamburg, Hafen", ["Hamburg, Hafen"]), ("Wien,{x}", ["Wien", "{x}"]),
    ])
    func listsAreWrittenByLabels(_ text: String, _ values: [String]) throws {
        let record = Account().message()
        try Self.kinds.set("custom.ports", to: text, in: record)
        #expect(Account(record).customFields.first?.stringValues == values)
    }

    /// Names of several records, as of tags.
    @Test func namesWithCommasComeBackFromAFile() throws {
        let ids = [RecordID.make().text, RecordID.make().text]
        let record = Account(tagIDs: ids).message()
        let names = ReferenceNames(["tag": [ids[0]: "Köln, Dom", ids[1]: "VIP"]])
        let cell = try RecordColumn.named("tag", in: Account.descriptor).cell(of: record, names)
        let path = try #require(ReferenceResolver.path("tag", in: Account.descriptor))
        #expect(path.values(in: cell) == ["Köln, Dom", "VIP"])
        #expect(path.values(in: "VIP, Hot") == ["VIP", "Hot"])
    }

    @Test func aMaskNamesThemOneByOne() {
        #expect(
            CustomFieldKinds.paths(in: Self.account.message())
                == ["custom.size", "custom.motto", "custom.budget", "custom.sports"])
    }
}
