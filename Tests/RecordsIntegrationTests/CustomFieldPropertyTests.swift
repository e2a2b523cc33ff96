import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// What a field gives to new records, who may change it, and the form of its texts.
@Suite struct CustomFieldPropertyTests {
    private static let moment = Timestamp(microseconds: 1_800_000_000_123_456)

    private static let defaults: [(TenantField.Kind, TenantValue, CustomField)] = [
        (.text, .text("一帆风顺"), CustomField(stringValue: "一帆风顺")),
        (.longText, .text("one\ntwo"), CustomField(stringValue: "one\ntwo")),
        (.wholeNumber, .integer(42), CustomField(intValue: 42)),
        (.number, .number(0.25), CustomField(doubleValue: 0.25)),
        (
            .money, .money(minorUnits: 5, currency: "EUR"),
            CustomField(moneyValue: Money(currencyCode: "EUR", minorUnits: 5))
        ),
        (.yesNo, .flag(false), CustomField(boolValue: false)),
        (.date, .text("1999-12-31"), CustomField(stringValue: "1999-12-31")),
        (.time, .time(moment), CustomField(timeValue: moment)), (.choice, .text("绿"), CustomField(stringValue: "绿")),
        (.choices, .texts(["绿", "red"]), CustomField(stringValues: ["绿", "red"])),
        (.email, .text("a@example.com"), CustomField(stringValue: "a@example.com")),
        (.phone, .text("+49301234567"), CustomField(stringValue: "+49301234567")),
        (.url, .text("https://a.example"), CustomField(stringValue: "https://a.example")),
    ]

    private static func fields(with defaults: Bool = true) -> [TenantField] {
        Self.defaults.enumerated().map { index, field in
            TenantField(
                object: "account", number: Int64(index + 1), name: "f\(index)", kind: field.0, isRequired: index == 2,
                choices: [.choice, .choices].contains(field.0) ? ["red", "绿"] : [],
                defaultValue: defaults ? field.1 : nil)
        }
    }

    private static let values = defaults.enumerated().map { index, field in
        var value = field.2
        value.name = "f\(index)"
        return value
    }

    @Test func aNewRecordGetsTheDefaultOfEachKindHoweverItComes() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(Self.fields(with: false))
            let old = try await service.create(
                Account(customFields: [CustomField(name: "f2", intValue: 1)], displayName: "old"))
            service.set(Self.fields())
            let made = try await service.create(Account(displayName: "a"))
            #expect(made.customFields == Self.values)
            #expect(try await service.get(made) == made)
            let batch = try await service.batchCreate([Account(displayName: "b"), Account(displayName: "c")])
            #expect(batch.records.map(\.customFields) == [Self.values, Self.values])
            let upserted = try await service.accounts().upsertAccount(
                UpsertAccountRequest(record: Account(displayName: "d", externalID: "E")))
            #expect(upserted.record?.customFields == Self.values)
            // A value that came stays, and nobody who changes a record gets a default.
            let own = try await service.create(
                Account(customFields: [CustomField(name: "f2", intValue: 7)], displayName: "e"))
            #expect(own.customFields.first { $0.name == "f2" }?.intValue == 7)
            let changed = try await service.update(Account(id: old.id, city: "Rom"))
            #expect(changed.customFields == [CustomField(name: "f2", intValue: 1)])
            let cleared = try await service.update(Account(id: made.id), ["custom.f0"])
            #expect(cleared.customFields == Array(Self.values.dropFirst()))
            #expect(try await service.list(Account.self, "custom.f2 = 42").count == 4)
        }
    }

    /// Who may not write the field makes records with its default all the same.
    @Test func aDefaultTakesNoRightOnTheField() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(Self.fields())
            let clerk = service.makeUser(
                [("account", "read", .all), ("account", "create", .all)], hiding: [("account", "custom.f2", .none)])
            let made = try await service.create(Account(displayName: "a"), as: clerk)
            #expect(made.customFields.count == Self.values.count - 1)
            #expect(try await service.get(made).customFields == Self.values)
        }
    }

    @Test func whatIsReadOnlyIsChangedByNobodyAndBroughtByWhoImports() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([
                TenantField(
                    object: "account", number: 1, name: "origin", kind: .text, defaultValue: .text("web"),
                    isReadOnly: true)
            ])
            func account(_ origin: String, id: String? = nil) -> Account {
                Account(id: id, customFields: [CustomField(name: "origin", stringValue: origin)], displayName: "a")
            }
            let grants: [(object: String, action: String, scope: Scope)] = ["read", "create", "update", "delete"].map {
                ("account", $0, .all)
            }
            let clerk = service.makeUser(grants)
            let importer = service.makeUser(grants + [("account", "import", .all)])
            let made = try await service.create(Account(displayName: "a"), as: clerk)
            #expect(made.customFields == [CustomField(name: "origin", stringValue: "web")])
            let brought = try await service.create(account("fair"), as: importer)
            #expect(brought.customFields.first?.stringValue == "fair")
            let refusals = [
                try await denial { try await service.create(account("fair"), as: clerk) },
                try await denial { try await service.update(account("fair", id: made.id), as: importer) },
                try await denial { try await service.update(Account(id: made.id), ["custom.origin"], as: importer) },
                try await denial { try await service.update(account("fair", id: made.id)) },
            ]
            #expect(refusals.map(\.reason) == Array(repeating: "FIELD_READ_ONLY", count: 4))
            #expect(
                refusals.map { $0.fieldViolations.first?.field } == Array(repeating: "account.custom.origin", count: 4))
            let batch = try await service.batchCreate([account("fair"), Account(displayName: "b")], as: clerk)
            #expect(batch.results.map(\.reason) == ["FIELD_READ_ONLY", nil])
            // What is sent back as it was read is no change.
            let again = try await service.update(account("web", id: made.id), as: clerk)
            #expect(again.version == made.version)
        }
    }

    /// The right to import some records is none to bring what is read-only for others, in whatever way they are made.
    @Test func whatIsReadOnlyIsBroughtWithinTheRightToImport() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([
                TenantField(
                    object: "account", number: 1, name: "origin", kind: .text, defaultValue: .text("web"),
                    isReadOnly: true)
            ])
            let importer = service.makeUser([
                ("account", "read", .all), ("account", "create", .all), ("account", "import", .own),
            ])
            let other = service.makeUser([("account", "read", .all)])
            func account(_ name: String, of owner: UserID? = nil, _ origin: String? = "fair") -> Account {
                Account(
                    ownerID: owner?.id.text,
                    customFields: origin.map { [CustomField(name: "origin", stringValue: $0)] } ?? [],
                    displayName: name, externalID: name)
            }
            let own = try await service.create(account("own"), as: importer)
            #expect(own.customFields.first?.stringValue == "fair")
            let refused = try await denial { try await service.create(account("a", of: other), as: importer) }
            #expect(refused.reason == "FIELD_READ_ONLY")
            let upsert = try await denial {
                try await service.accounts(as: importer).upsertAccount(
                    UpsertAccountRequest(record: account("b", of: other)))
            }
            #expect(upsert.reason == "FIELD_READ_ONLY")
            let batch = try await service.batchCreate(
                [account("c", of: other), account("d"), account("e", of: other, nil)], as: importer)
            #expect(batch.results.map(\.reason) == ["FIELD_READ_ONLY", nil, nil])
            #expect(batch.records.last?.customFields.first?.stringValue == "web")
        }
    }

    @Test func textsHaveTheFormThatTheAdminDemands() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([
                TenantField(
                    object: "account", number: 1, name: "code", kind: .text, pattern: "[A-Z]{2}-\\d+",
                    patternMessage: "Two capitals, a hyphen, digits: 如 AB-12."),
                TenantField(object: "account", number: 2, name: "mail", kind: .email, pattern: ".*@example\\.com"),
                TenantField(object: "account", number: 3, name: "slow", kind: .longText, pattern: "(a*)*b"),
                TenantField(object: "account", number: 4, name: "share", kind: .number, range: 0...100),
            ])
            func account(_ values: CustomField...) -> Account { Account(customFields: values, displayName: "a") }
            func violations(_ account: Account) async throws -> [String] {
                try await denial { try await service.create(account) }.fieldViolations.map {
                    "\($0.field) \($0.reason) \($0.description)"
                }
            }
            let wrong = try await violations(
                account(
                    CustomField(name: "code", stringValue: "AB-12x"), CustomField(name: "mail", stringValue: "a@b.org"),
                    CustomField(name: "share", doubleValue: 100.5)))
            #expect(
                wrong == [
                    "account.custom.code INVALID_FORMAT Two capitals, a hyphen, digits: 如 AB-12.",
                    "account.custom.mail INVALID_FORMAT custom.mail must be of the form .*@example\\.com as a whole.",
                    "account.custom.share OUT_OF_RANGE custom.share is 100.5; it must be from 0 to 100.",
                ])
            let clock = ContinuousClock()
            var slow: [String] = []
            let long = try await violations(
                account(CustomField(name: "slow", stringValue: String(repeating: "a", count: 1_001))))
            #expect(long.count == 1 && long[0].hasPrefix("account.custom.slow TOO_LONG"))
            let text = String(repeating: "a", count: 1_000)
            let time = try await clock.measure {
                slow = try await violations(account(CustomField(name: "slow", stringValue: text)))
            }
            #expect(slow.count == 1 && slow[0].hasPrefix("account.custom.slow PATTERN_TOO_SLOW"))
            #expect(time < .seconds(1), "\(time)")
            let made = try await service.create(
                account(
                    CustomField(name: "code", stringValue: " AB-12 "), CustomField(name: "share", doubleValue: 99.5)))
            #expect(made.customFields.first?.stringValue == "AB-12")
            let edit = try await denial {
                try await service.update(
                    Account(id: made.id, customFields: [CustomField(name: "code", stringValue: "ab")]))
            }
            #expect(edit.fieldViolations.map(\.reason) == ["INVALID_FORMAT"])
        }
    }
}
