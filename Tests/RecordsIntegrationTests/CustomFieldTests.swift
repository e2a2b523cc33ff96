import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Fields that a workspace has added to its records.
@Suite struct CustomFieldTests {
    static let fields = [
        TenantField(object: "account", number: 1, name: "motto", kind: .text, lengthMax: 20),
        TenantField(object: "account", number: 2, name: "story", kind: .longText),
        TenantField(object: "account", number: 3, name: "size", kind: .wholeNumber, range: 0...1_000),
        TenantField(object: "account", number: 4, name: "share", kind: .number),
        TenantField(object: "account", number: 5, name: "budget", kind: .money),
        TenantField(object: "account", number: 6, name: "partner", kind: .yesNo),
        TenantField(object: "account", number: 7, name: "founded", kind: .date),
        TenantField(object: "account", number: 8, name: "visited", kind: .time),
        TenantField(object: "account", number: 9, name: "colour", kind: .choice, choices: ["red", "绿", "blue"]),
        TenantField(object: "account", number: 10, name: "sports", kind: .choices, choices: ["golf", "chess", "judo"]),
        TenantField(object: "account", number: 11, name: "invoices_to", kind: .email),
        TenantField(object: "account", number: 12, name: "hotline", kind: .phone),
        TenantField(object: "account", number: 13, name: "shop", kind: .url),
        TenantField(object: "contact", number: 14, name: "size", kind: .text),
    ]

    private static let moment = Timestamp(microseconds: 1_800_000_000_123_456)

    static let values = [
        CustomField(name: "motto", stringValue: "一帆风顺"), CustomField(name: "story", stringValue: "one\ntwo"),
        CustomField(name: "size", intValue: 42), CustomField(name: "share", doubleValue: 0.25),
        CustomField(name: "budget", moneyValue: Money(currencyCode: "EUR", minorUnits: 125_000)),
        CustomField(name: "partner", boolValue: true), CustomField(name: "founded", stringValue: "1999-12-31"),
        CustomField(name: "visited", timeValue: moment), CustomField(name: "colour", stringValue: "绿"),
        CustomField(name: "sports", stringValues: ["judo", "golf"]),
        CustomField(name: "invoices_to", stringValue: "pay@example.com"),
        CustomField(name: "hotline", stringValue: "+49301234567"),
        CustomField(name: "shop", stringValue: "https://shop.example.com"),
    ]

    static func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    /// Where the workspace has one: else each amount says in which it is.
    @Test func anAmountIsInTheCurrencyOfTheWorkspace() async throws {
        try await Self.run { service in
            func account(_ currency: String?) -> Account {
                Account(
                    customFields: [
                        CustomField(name: "budget", moneyValue: Money(currencyCode: currency, minorUnits: 7))
                    ],
                    displayName: "a", annualRevenue: Money(currencyCode: currency, minorUnits: 5))
            }
            let refused = try await denial { try await service.create(account(nil)) }
            #expect(
                refused.fieldViolations.map(\.field) == [
                    "account.annual_revenue.currency_code", "account.custom.budget.currency_code",
                ])
            service.set(WorkspaceSettings(currency: "JPY"))
            let made = try await service.create(account(nil))
            #expect(made.annualRevenue == Money(currencyCode: "JPY", minorUnits: 5))
            #expect(made.customFields.first?.moneyValue == Money(currencyCode: "JPY", minorUnits: 7))
            let named = try await service.create(account("EUR"))
            #expect(named.annualRevenue?.currencyCode == "EUR")
            let changed = try await service.update(
                Account(id: named.id, annualRevenue: Money(currencyCode: " ", minorUnits: 6)), ["annual_revenue"])
            #expect(changed.annualRevenue == Money(currencyCode: "JPY", minorUnits: 6))
            let empty = try await denial {
                try await service.update(Account(id: named.id, annualRevenue: Money()), ["annual_revenue"])
            }
            #expect(empty.fieldViolations.map(\.field).contains("account.annual_revenue.minor_units"))
        }
    }

    func account(_ name: String, _ values: CustomField...) -> Account {
        Account(customFields: values, displayName: name)
    }

    func value(_ name: String, in account: Account) -> CustomField? {
        account.customFields.first { $0.name == name }
    }

    // MARK: Values

    @Test func everyKindSurvivesEveryWayIn() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            #expect(made.customFields == Self.values)
            #expect(try await service.get(made) == made)
            let batch = try await service.batchCreate([
                Account(customFields: Self.values.reversed(), displayName: "b"), account("c"),
            ])
            #expect(batch.records.first?.customFields == Self.values && batch.records.last?.customFields == [])
            for record in batch.records { #expect(try await service.get(record) == record) }
            let changed = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "size", intValue: 7)]))
            #expect(value("size", in: changed)?.intValue == 7 && changed.customFields.count == Self.values.count)
            #expect(try await service.get(made) == changed)
            let cleared = try await service.update(Account(id: made.id), ["custom.size", "custom.sports", "city"])
            #expect(cleared.customFields == Self.values.filter { $0.name != "size" && $0.name != "sports" })
            // The whole is all of them, and a record without any is as before.
            let rest = try await service.update(Account(id: made.id), ["custom_fields"])
            #expect(rest.customFields == [])
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts WHERE custom IS NULL") == 2)
            let listed = try await service.list(Account.self, by: ["display_name"])
            #expect(listed.map(\.customFields.count) == [0, Self.values.count, 0])
        }
    }

    @Test func anUpsertTakesThemToo() async throws {
        try await Self.run { service in
            func upsert(_ size: Int64) async throws -> Account? {
                try await service.accounts().upsertAccount(
                    UpsertAccountRequest(
                        record: Account(
                            customFields: [CustomField(name: "size", intValue: size)], displayName: "a", externalID: "E"
                        ))
                ).record
            }
            _ = try await upsert(1)
            let second = try #require(try await upsert(2))
            #expect(second.version == 2 && value("size", in: second)?.intValue == 2)
        }
    }

    @Test func whatDoesNotFitIsRefusedByNameRuleAndCure() async throws {
        try await Self.run { service in
            func violations(_ values: CustomField...) async throws -> [String] {
                try await denial { try await service.create(Account(customFields: values, displayName: "a")) }
                    .fieldViolations.map { "\($0.field) \($0.reason)" }
            }
            #expect(
                try await violations(CustomField(name: "wings", intValue: 2), CustomField(intValue: 2))
                    == [
                        "account.custom_fields[0] CUSTOM_FIELD_UNKNOWN",
                        "account.custom_fields[1] CUSTOM_FIELD_UNKNOWN",
                    ])
            #expect(
                try await violations(
                    CustomField(name: "size", stringValue: "7"), CustomField(name: "motto", intValue: 7),
                    CustomField(name: "share", stringValue: "1", doubleValue: 1),
                    CustomField(name: "story", stringValue: "a"), CustomField(name: "story", stringValue: "b"))
                    == [
                        "account.custom_fields[0] CUSTOM_FIELD_KIND", "account.custom_fields[1] CUSTOM_FIELD_KIND",
                        "account.custom_fields[2] CUSTOM_FIELD_KIND", "account.custom_fields[4] DUPLICATE",
                    ])
            #expect(
                try await violations(
                    CustomField(name: "motto", stringValue: "a motto of more than 20"),
                    CustomField(name: "size", intValue: 1_001), CustomField(name: "share", doubleValue: .infinity),
                    CustomField(name: "budget", moneyValue: Money(currencyCode: "QQQ")),
                    CustomField(name: "founded", stringValue: "1999-02-30"),
                    CustomField(name: "colour", stringValue: "green"),
                    CustomField(name: "sports", stringValues: ["golf", "golf"]),
                    CustomField(name: "invoices_to", stringValue: "nobody"))
                    == [
                        "account.custom.motto TOO_LONG", "account.custom.size OUT_OF_RANGE",
                        "account.custom.share NOT_A_NUMBER", "account.custom.budget.currency_code INVALID_FORMAT",
                        "account.custom.budget.minor_units REQUIRED", "account.custom.founded INVALID_DATE",
                        "account.custom.colour UNKNOWN_VALUE", "account.custom.sports DUPLICATE",
                        "account.custom.invoices_to INVALID_FORMAT",
                    ])
            let many = Array(repeating: CustomField(name: "size", intValue: 1), count: 201)
            let refused = try await denial { try await service.create(Account(customFields: many, displayName: "a")) }
            #expect(refused.fieldViolations.map(\.reason) == ["TOO_MANY"])
            let mask = try await denial { try await service.update(Account(id: .none), ["custom.wings"]) }
            #expect(mask.code == .invalidArgument)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 0)
        }
    }

    /// Whatever each may hold.
    @Test func allTogetherHaveALimit() async throws {
        try await Self.run { service in
            service.set(
                (1...8).map { TenantField(object: "account", number: $0, name: "t\($0)", kind: .longText) })
            func texts(_ numbers: ClosedRange<Int>) -> [CustomField] {
                numbers.map { CustomField(name: "t\($0)", stringValue: String(repeating: "x", count: 10_000)) }
            }
            let made = try await service.create(Account(customFields: texts(1...6), displayName: "a"))
            let refusals = [
                try await denial { try await service.create(Account(customFields: texts(1...7), displayName: "b")) },
                try await denial { try await service.update(Account(id: made.id, customFields: texts(7...7))) },
            ]
            for refused in refusals {
                let told = refused.fieldViolations.map { "\($0.field) \($0.reason)" }
                #expect(told == ["account.custom_fields TOO_LONG"])
            }
            #expect(try await service.get(made) == made)
        }
    }

    @Test func aRequiredFieldIsAskedForOnCreationAndKept() async throws {
        try await Self.run { service in
            let old = try await service.create(account("old"))
            service.set([TenantField(object: "account", number: 3, name: "size", kind: .wholeNumber, isRequired: true)])
            let missing = try await denial { try await service.create(account("new")) }
            #expect(missing.fieldViolations.map(\.field) == ["account.custom.size"])
            let made = try await service.create(account("new", CustomField(name: "size", intValue: 1)))
            let cleared = try await denial { try await service.update(Account(id: made.id), ["custom.size"]) }
            #expect(cleared.fieldViolations.map(\.reason) == ["REQUIRED"])
            // A record of before lacks it until somebody says it.
            #expect(try await service.update(Account(id: old.id, city: "Rom")).city == "Rom")
        }
    }

    @Test func aWorkspaceWithoutFieldsAndOtherKindsOfRecordsHaveNone() async throws {
        try await Self.run { service in
            let contact = try await service.create(
                Contact(customFields: [CustomField(name: "size", stringValue: "XL")], givenName: "Zoë"))
            #expect(try await service.get(contact).customFields == [CustomField(name: "size", stringValue: "XL")])
            let refused = try await denial {
                try await service.create(Contact(customFields: [CustomField(name: "motto", stringValue: "m")]))
            }
            #expect(refused.fieldViolations.map(\.reason) == ["CUSTOM_FIELD_UNKNOWN"])
            service.set([TenantField]())
            let none = try await denial {
                try await service.create(account("a", CustomField(name: "size", intValue: 1)))
            }
            #expect(none.fieldViolations.map(\.reason) == ["CUSTOM_FIELD_UNKNOWN"])
        }
    }

    // MARK: Names

    /// Values are kept under a field's number: another name shows them, and so does a field that comes back.
    @Test func valuesOutliveNamesAndModels() async throws {
        try await Self.run { service in
            let made = try await service.create(
                account("a", CustomField(name: "size", intValue: 1), CustomField(name: "motto", stringValue: "m")))
            service.set([TenantField(object: "account", number: 3, name: "employees", kind: .wholeNumber)])
            #expect(try await service.get(made).customFields == [CustomField(name: "employees", intValue: 1)])
            let changed = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "employees", intValue: 2)]))
            #expect(changed.customFields == [CustomField(name: "employees", intValue: 2)])
            let history = try await service.history(made.id)
            #expect(history.first?.changedFields == ["custom.employees"])
            #expect(history.first?.before?.customFields == [CustomField(name: "employees", intValue: 1)])
            service.set([TenantField]())
            #expect(try await service.update(Account(id: made.id, city: "Rom")).customFields == [])
            service.set(Self.fields)
            #expect(
                try await service.get(made).customFields
                    == [CustomField(name: "motto", stringValue: "m"), CustomField(name: "size", intValue: 2)])
        }
    }

    // MARK: Finding

    @Test(arguments: [
        ("custom.motto = '一帆风顺'", 1), ("custom.motto ~ '帆'", 1), ("custom.story ^= 'ONE'", 1), ("custom.size > 41", 1),
        ("custom.size >= 43", 0), ("custom.size in (1, 42)", 1), ("custom.share <= 0.25", 1),
        ("custom.budget = '1250.00 EUR'", 1), ("custom.budget > '1250.00 USD'", 0),
        ("custom.budget.minor_units > 100", 1), ("custom.budget.currency_code = EUR", 1), ("custom.partner = true", 1),
        ("custom.founded < '2000-01-01'", 1), ("custom.visited > '2027-01-01T00:00:00Z'", 1),
        ("custom.colour = '绿'", 1),
        ("custom.sports = golf", 1), ("custom.sports = chess", 0), ("custom.sports in (chess, judo)", 1),
        ("custom.size is set", 1), ("not custom.sports is set", 1), ("custom.hotline != '1'", 2),
    ])
    func filtersCompareThem(filter: String, count: Int) async throws {
        try await Self.run { service in
            try await service.batchCreate([Account(customFields: Self.values, displayName: "a"), account("b")])
            #expect(try await service.list(Account.self, filter).count == count)
        }
    }

    @Test func listsGoByThemPageByPage() async throws {
        try await Self.run { service in
            let sizes: [Int64?] = [5, nil, 3, 9, 3, nil, 1]
            try await service.batchCreate(
                sizes.enumerated().map { index, size in
                    Account(
                        customFields: size.map { [CustomField(name: "size", intValue: $0)] } ?? [],
                        displayName: "\(index)")
                })
            for order in ["custom.size", "custom.size desc"] {
                var (token, told): (String?, [Int64?]) = (nil, [])
                repeat {
                    let page = try await service.accounts().listAccounts(
                        ListAccountsRequest(orderBy: [order], pageSize: 2, pageToken: token))
                    told += page.records.map { value("size", in: $0)?.intValue }
                    token = page.nextPageToken
                } while token?.isEmpty == false
                let set = sizes.compactMap(\.self).sorted()
                #expect(told == (order.hasSuffix("desc") ? set.reversed() : set) + [nil, nil])
            }
            for wrong in ["custom.sports", "custom.budget", "custom.story", "custom.wings", "custom"] {
                let refused = try await denial { try await service.list(Account.self, by: [wrong]) }
                #expect(refused.reason == "ORDER_INVALID", "\(wrong)")
            }
            for wrong in [
                "custom.wings = 1", "custom_fields is set", "custom = 1", "custom.size.x = 1", "custom.size = a",
            ] {
                let refused = try await denial { try await service.list(Account.self, wrong) }
                #expect(refused.code == .invalidArgument, "\(wrong)")
            }
        }
    }

    @Test func masksNameThem() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a", city: "Rom"))
            func names(_ mask: String...) async throws -> [String?] {
                let record = try await service.accounts().getAccount(GetAccountRequest(id: made.id, readMask: mask))
                    .record
                #expect(record?.city == nil && record?.id == made.id)
                return record?.customFields.map(\.name) ?? []
            }
            #expect(try await names("custom.size", "custom.motto") == ["motto", "size"])
            #expect(try await names("custom_fields") == Self.values.map(\.name))
            #expect(try await names("display_name") == [])
        }
    }

    // MARK: Rights

    /// As declared fields: what may not be read is in no answer, compared by nobody, and what may not be written is refused.
    @Test func rightsHoldForThem() async throws {
        try await Self.run { service in
            let clerk = service.makeUser(
                [("account", "read", .all), ("account", "create", .all), ("account", "update", .all)],
                hiding: [
                    ("account", "custom.size", .none), ("account", "custom.invoices_to", .masked),
                    ("account", "custom.sports", .masked), ("account", "custom.budget", .masked),
                    ("account", "custom.motto", .read),
                ])
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            let shown = Self.values.compactMap { field -> CustomField? in
                switch field.name {
                case "size", "budget": nil
                case "invoices_to": CustomField(name: "invoices_to", stringValue: "•••@example.com")
                case "sports": CustomField(name: "sports", stringValues: ["•••", "•••"])
                default: field
                }
            }
            #expect(try await service.get(made, as: clerk).customFields == shown)
            #expect(try await service.list(Account.self, as: clerk).first?.customFields == shown)
            #expect(try await service.history(made.id, as: clerk).first?.after?.customFields == shown)
            let changed = try await service.update(Account(id: made.id, city: "Rom"), as: clerk)
            #expect(changed.customFields == shown)
            for filter in ["custom.size = 42", "custom.invoices_to ~ 'pay'", "custom.size is set"] {
                let refused = try await denial { try await service.list(Account.self, filter, as: clerk) }
                #expect(refused.reason == "FIELD_NOT_READABLE", "\(filter)")
            }
            let sorted = try await denial { try await service.list(Account.self, by: ["custom.size"], as: clerk) }
            #expect(sorted.reason == "FIELD_NOT_READABLE")
            for field in [CustomField(name: "size", intValue: 1), CustomField(name: "motto", stringValue: "x")] {
                let edit = try await denial {
                    try await service.update(Account(id: made.id, customFields: [field]), as: clerk)
                }
                #expect(edit.reason == "FIELD_NOT_WRITABLE")
                let creation = try await denial {
                    try await service.create(Account(customFields: [field], displayName: "b"), as: clerk)
                }
                #expect(creation.reason == "FIELD_NOT_WRITABLE")
            }
            #expect(try await service.get(made).customFields == Self.values)
        }
    }

    /// A policy on all of them is one on each.
    @Test func custom_fieldsAsAWholeCanBeHidden() async throws {
        try await Self.run { service in
            let clerk = service.makeUser([("account", "read", .all)], hiding: [("account", "custom_fields", .none)])
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            #expect(try await service.get(made, as: clerk).customFields == [])
            let refused = try await denial { try await service.list(Account.self, "custom.size = 42", as: clerk) }
            #expect(refused.reason == "FIELD_NOT_READABLE")
        }
    }

    /// Each of two roles hides it in its own way.
    @Test func rolesThatHideAFieldInSeveralWaysDoNotShowIt() throws {
        func role(_ field: String) -> AccessControl.PolicyRole {
            PolicyRole(
                id: .make(), displayName: field, grants: [Grant(object: "account", action: "*", scope: .all)],
                fieldPolicies: [FieldPolicy(object: "account", field: field, level: .none)])
        }
        let roles = [role("custom_fields"), role("custom.size")]
        let user = UserID(.make())
        let policy = PolicySnapshot(
            tenantID: TenantID(.make()), epoch: 1, isActive: true, roles: roles, units: [],
            users: [PolicyUser(id: user, unitID: nil, roleIDs: roles.map(\.id))])
        let access = try #require(policy.access(of: user)?.object("account"))
        #expect(access.level(of: "custom.size") == .none && access.level(of: "custom.other") == .write)
    }

    /// An answer that is given again is that of the rights of now.
    @Test func aRepeatedAnswerTellsWhatMayBeReadNow() async throws {
        try await Self.run { service in
            let all: [(object: String, action: String, scope: Scope)] = [("account", "*", .all)]
            let clerk = service.makeUser(all)
            let made = try await service.create(
                account(
                    "a", CustomField(name: "size", intValue: 1), CustomField(name: "motto", stringValue: "pay@x.de")))
            func update() async throws -> Account {
                try await service.update(Account(id: made.id, city: "Rom"), as: clerk, requestID: "r")
            }
            #expect(try await update().customFields.count == 2)
            service.change(
                clerk, to: all, hiding: [("account", "custom.size", .none), ("account", "custom.motto", .masked)])
            let again = try await update()
            #expect(again.version == 2 && again.customFields == [CustomField(name: "motto", stringValue: "•••@x.de")])
        }
    }
}
