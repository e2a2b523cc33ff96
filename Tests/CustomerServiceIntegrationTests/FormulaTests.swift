import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

/// Fields of a workspace whose values follow from others.
@Suite struct FormulaTests {
    private static let inputs = [
        TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber),
        TenantField(object: "account", number: 2, name: "rate", kind: .number),
        TenantField(object: "account", number: 3, name: "founded", kind: .date),
    ]

    private static func formula(
        _ number: Int64, _ name: String, _ kind: TenantField.Kind, _ text: String, decimals: Int? = nil,
        lengthMax: Int? = nil
    ) -> TenantField {
        TenantField(
            object: "account", number: number, name: name, kind: kind, lengthMax: lengthMax, decimals: decimals,
            formula: text)
    }

    private static let formulas = [
        formula(11, "score", .number, "custom.size * custom.rate", decimals: 1),
        // Uses one that stands behind it.
        formula(10, "label", .text, "display_name & \" (\" & custom.score & \")\""),
        formula(12, "fee", .money, "annual_revenue * 0.1"),
        formula(13, "is_old", .yesNo, "year(custom.founded) < 2000"),
        formula(14, "jubilee", .date, "add_months(custom.founded, 300)"),
    ]

    private static func run(
        _ fields: [TenantField] = inputs + formulas, _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    private static func account(_ name: String, size: Int64? = nil, rate: Double? = nil) -> Account {
        var account = Account(displayName: name)
        if let size { account.customFields.append(CustomField(name: "size", intValue: size)) }
        if let rate { account.customFields.append(CustomField(name: "rate", doubleValue: rate)) }
        return account
    }

    private static func values(_ account: Account) -> [String: CustomField] {
        Dictionary(account.customFields.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func settle(_ service: TestService) async throws -> Int {
        let keeper = ReckoningKeeper(
            service.engine, doing: Account.entry.methods.update, sources: [], service.postgres.logger)
        var steps = 0
        while try await keeper.step(service.tenant.id, timeout: .seconds(60)) == .advanced { steps += 1 }
        return steps
    }

    @Test func everyWayInReckons() async throws {
        try await Self.run { service in
            var sent = Self.account("北京", size: 3, rate: 0.15)
            sent.annualRevenue = Money(currencyCode: "EUR", minorUnits: 12_345)
            sent.customFields.append(CustomField(name: "founded", stringValue: "1999-05-31"))
            // What a client sends for it is left out.
            sent.customFields.append(CustomField(name: "score", doubleValue: 99))
            let made = try await service.create(sent)
            let values = Self.values(made)
            #expect(values["score"]?.doubleValue == 0.5)
            #expect(values["label"]?.stringValue == "北京 (0.5)")
            #expect(values["fee"]?.moneyValue == Money(currencyCode: "EUR", minorUnits: 1_235))
            #expect(values["is_old"]?.boolValue == true)
            #expect(values["jubilee"]?.stringValue == "2024-05-31")
            let read = try await service.get(made)
            #expect(read == made)
            let changed = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "size", intValue: 10)]))
            #expect(Self.values(changed)["score"]?.doubleValue == 1.5)
            #expect(Self.values(changed)["label"]?.stringValue == "北京 (1.5)")
            // Without what it needs a value is unset.
            let cleared = try await service.update(Account(id: made.id), ["custom.size"])
            #expect(Self.values(cleared)["score"] == nil)
            #expect(Self.values(cleared)["label"]?.stringValue == "北京 ()")
            let batch = try await service.batchCreate([
                Self.account("a", size: 1, rate: 2), Self.account("b", size: 2, rate: 2),
            ])
            #expect(batch.records.map { Self.values($0)["score"]?.doubleValue } == [2, 4])
            let found = try await service.list(Account.self, "custom.score > 3", by: ["custom.score desc"])
            #expect(found.map(\.displayName) == ["b"])
            let refusal = try await denial {
                try await service.update(Account(id: made.id), ["custom.score"])
            }
            #expect(refusal.reason == "FIELD_OUTPUT_ONLY")
        }
    }

    /// Somebody else's formula is no reason why a record cannot be written.
    @Test func whatDoesNotFitItsFieldIsUnset() async throws {
        let fields = [
            Self.formula(1, "twice", .text, "display_name & display_name", lengthMax: 10),
            Self.formula(2, "length", .wholeNumber, "length(custom.twice)"),
            Self.formula(3, "beginning", .text, "left(description, 20)"),
            Self.formula(4, "lines", .longText, "left(description, 20)"),
        ]
        try await Self.run(fields) { service in
            let made = try await service.create(
                Account(displayName: "12345", description: "Zeile eins\nsecond\tline\nand more"))
            let values = Self.values(made)
            #expect(values["twice"]?.stringValue == "1234512345" && values["length"]?.intValue == 10)
            #expect(values["beginning"]?.stringValue == "Zeile eins second li")
            #expect(values["lines"]?.stringValue == "Zeile eins\nsecond\tli")
            let longer = Self.values(try await service.update(Account(id: made.id, displayName: "123456")))
            #expect(longer["twice"] == nil && longer["length"] == nil && longer["beginning"] != nil)
        }
    }

    /// A record has room for 64 KiB of custom values: what people wrote comes first.
    @Test func formulasThatHaveNoRoomAreUnset() async throws {
        let note = TenantField(object: "account", number: 1, name: "note", kind: .longText)
        let fields = [note] + (2...4).map { Self.formula($0, "copy\($0)", .longText, "custom.note & \"\"") }
        try await Self.run(fields) { service in
            let long = CustomField(name: "note", stringValue: String(repeating: "长", count: 8_000))
            let made = try await service.create(Account(customFields: [long], displayName: "a"))
            #expect(made.customFields == [long])
            let short = CustomField(name: "note", stringValue: "短")
            let changed = try await service.update(Account(id: made.id, customFields: [short]))
            #expect(Self.values(changed).count == 4)
        }
    }

    /// Who may not read a field learns nothing of it by what is reckoned with it.
    @Test func hiddenFieldsStayHidden() async throws {
        try await Self.run { service in
            let clerk = service.makeUser(
                [("account", "read", .all), ("account", "update", .all)], hiding: [("account", "custom.rate", .masked)])
            let made = try await service.create(Self.account("a", size: 3, rate: 0.5))
            let seen = Self.values(try await service.get(made, as: clerk))
            #expect(seen["size"]?.intValue == 3)
            #expect(seen["score"] == nil && seen["label"] == nil)
            for filter in ["custom.score > 1", "custom.label ~ \"1.5\""] {
                let refusal = try await denial { try await service.list(Account.self, filter, as: clerk) }
                #expect(refusal.reason == "FIELD_NOT_READABLE")
            }
            let sorting = try await denial {
                try await service.list(Account.self, by: ["custom.label"], as: clerk)
            }
            #expect(sorting.reason == "FIELD_NOT_READABLE")
            // His changes are reckoned with all the same.
            _ = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "size", intValue: 4)]), as: clerk)
            #expect(Self.values(try await service.get(made))["score"]?.doubleValue == 2)
        }
    }

    @Test func anUndoReckonsAgain() async throws {
        try await Self.run { service in
            let made = try await service.create(Self.account("a", size: 3, rate: 0.5))
            _ = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "size", intValue: 5)]))
            _ = try await service.undo(made, 2)
            let back = Self.values(try await service.get(made))
            #expect(back["size"]?.intValue == 3 && back["score"]?.doubleValue == 1.5)
        }
    }

    /// Records that are there get what a formula says that comes or changes later, once each.
    @Test func recordsFollowANewFormula() async throws {
        try await Self.run(Self.inputs) { service in
            _ = try await service.batchCreate((0..<450).map { Self.account("\($0)", size: Int64($0), rate: 2) })
            let deleted = try await service.create(Self.account("deleted", size: 7, rate: 2))
            try await service.delete(deleted)
            service.set(Self.inputs + [Self.formula(11, "score", .number, "custom.size * custom.rate")])
            _ = try await Self.settle(service)
            let found = try await service.number(
                "SELECT count(*) FROM {schema}.accounts WHERE (custom->>'custom.11')::float = (custom->>'custom.1')::float * 2"
            )
            // Zero times two is set, too.
            #expect(found == 451)
            let versions = try await service.number(
                "SELECT max(version) FROM {schema}.accounts WHERE deleted_at IS NULL")
            #expect(versions == 2)
            // Nothing is left to do, and nothing is done again.
            #expect(try await Self.settle(service) == 0)
            service.set(Self.inputs + [Self.formula(11, "score", .number, "custom.size + 1")])
            _ = try await Self.settle(service)
            let again = try await service.number(
                "SELECT count(*) FROM {schema}.accounts WHERE (custom->>'custom.11')::float = (custom->>'custom.1')::float + 1"
            )
            #expect(again == 451)
            let purposes = try await service.number(
                "SELECT count(*) FROM {schema}.ledger WHERE purpose = 'reckon_formulas'")
            #expect(purposes >= 900)
        }
    }

    /// What else shapes a value than its formula is looked at, too.
    @Test func recordsFollowWhatShapesAValue() async throws {
        @Sendable func score(_ decimals: Int) -> TenantField {
            Self.formula(11, "score", .number, "custom.size / 3", decimals: decimals)
        }
        @Sendable func name(_ lengthMax: Int) -> TenantField {
            Self.formula(12, "double", .text, "display_name & display_name", lengthMax: lengthMax)
        }
        try await Self.run(Self.inputs + [score(1), name(3)]) { service in
            let made = try await service.create(Self.account("ab", size: 10))
            #expect(Self.values(made)["score"]?.doubleValue == 3.3 && Self.values(made)["double"] == nil)
            service.set(Self.inputs + [score(3), name(4)])
            _ = try await Self.settle(service)
            let values = Self.values(try await service.get(made))
            #expect(values["score"]?.doubleValue == 3.333 && values["double"]?.stringValue == "abab")
        }
    }

    /// One record that cannot be stored with what the formula says stays as it is, and holds up no other.
    @Test func oneThatDoesNotFitHoldsUpNobody() async throws {
        try await Self.run(Self.inputs) { service in
            for name in ["12345", "123456", "1234"] { _ = try await service.create(Account(displayName: name)) }
            service.set(
                Self.inputs + [Self.formula(11, "twice", .text, "display_name & display_name", lengthMax: 10)])
            _ = try await Self.settle(service)
            let found = try await service.list(Account.self, by: ["display_name"])
            #expect(found.map { Self.values($0)["twice"]?.stringValue } == ["12341234", "1234512345", nil])
            let fitting = try await service.update(Account(id: found.last?.id, displayName: "1"))
            #expect(Self.values(fitting)["twice"]?.stringValue == "11")
        }
    }

    /// A keeper that was killed goes on where it was: what it did is with its place.
    @Test func twoKeepersDoTheWorkOnce() async throws {
        try await Self.run(Self.inputs) { service in
            _ = try await service.batchCreate((0..<600).map { Self.account("\($0)", size: Int64($0), rate: 1) })
            service.set(Self.inputs + [Self.formula(11, "score", .number, "custom.size * 3")])
            async let one = Self.settle(service)
            async let other = Self.settle(service)
            _ = try await (one, other)
            _ = try await Self.settle(service)
            let versions = try await service.number("SELECT count(*) FROM {schema}.accounts WHERE version = 2")
            #expect(versions == 600)
        }
    }
}
