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

/// Fields of a workspace that say something of the records that name theirs.
@Suite struct RollUpTests {
    private static let amount = TenantField(object: "activity", number: 1, name: "amount", kind: .money)
    private static let hours = TenantField(object: "activity", number: 2, name: "hours", kind: .wholeNumber)
    private static let people = RollUps.field(
        "account", 11, "people", .wholeNumber,
        TenantRollUp(object: "account_contact", reference: "account_id", function: .count))
    private static let spent = RollUps.field(
        "account", 12, "spent", .money,
        TenantRollUp(object: "activity", reference: "account_id", function: .sum, value: "custom.amount"))
    private static let last = RollUps.field(
        "account", 13, "last", .text,
        TenantRollUp(
            object: "activity", reference: "account_id", function: .latest, value: "subject", time: "create_time",
            filter: "custom.hours > 1"), lengthMax: 10)
    private static let worked = RollUps.field(
        "account", 14, "worked", .wholeNumber,
        TenantRollUp(object: "activity", reference: "account_id", function: .sum, value: "custom.hours"))
    private static let double = TenantField(
        object: "account", number: 15, name: "double", kind: .wholeNumber, formula: "custom.worked * 2")
    private static let all = [amount, hours, people, spent, last, worked, double]

    private static func run(
        _ fields: [TenantField] = all, _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    private static func activity(
        _ account: Account, _ subject: String, hours: Int64? = nil, amount: Money? = nil
    ) -> Activity {
        var activity = Activity(kind: .call, subject: subject, accountID: account.id)
        if let hours { activity.customFields.append(CustomField(name: "hours", intValue: hours)) }
        if let amount { activity.customFields.append(CustomField(name: "amount", moneyValue: amount)) }
        return activity
    }

    private static func values(_ account: Account, _ service: TestService) async throws -> [String: CustomField] {
        try await RollUps.settle(service)
        return RollUps.values(try await service.get(account, deleted: true).customFields)
    }

    /// The greatest is what a record has, not what is near it: whoever filters for it finds the record.
    @Test func theGreatestHasAllItsDigits() async throws {
        let size = TenantField(object: "activity", number: 1, name: "size", kind: .number)
        let functions: [(String, TenantRollUp.Function)] = [("most", .most), ("least", .least), ("latest", .latest)]
        let reckoned = functions.enumerated().map { index, function in
            RollUps.field(
                "account", Int64(2 + index), function.0, .number,
                TenantRollUp(
                    object: "activity", reference: "account_id", function: function.1, value: "custom.size",
                    time: function.1 == .latest ? "create_time" : nil))
        }
        try await Self.run([size] + reckoned) { service in
            for number in [9_007_199_254_740_991.0, 1234567890.1234567, -0.1234567890123456] {
                let account = try await service.create(Account(displayName: "a"))
                var activity = Self.activity(account, "x")
                activity.customFields = [CustomField(name: "size", doubleValue: number)]
                try await service.create(activity)
                let values = try await Self.values(account, service)
                for name in ["most", "least", "latest"] { #expect(values[name]?.doubleValue == number, "\(name)") }
            }
        }
    }

    @Test func aRecordSaysWhatIsSaidOfIt() async throws {
        try await Self.run { service in
            let account = try await service.create(Account(displayName: "北京"))
            let other = try await service.create(Account(displayName: "b"))
            // Nothing names it yet.
            #expect(RollUps.values(account.customFields)["people"]?.intValue == 0)
            let contact = try await service.create(Contact(familyName: "张"))
            let link = try await service.create(AccountContact(accountID: account.id, contactID: contact.id))
            let euro = Money(currencyCode: "EUR", minorUnits: 150)
            let first = try await service.create(Self.activity(account, "首次拜访", hours: 2, amount: euro))
            let second = try await service.create(Self.activity(account, "second", hours: 1, amount: euro))
            var values = try await Self.values(account, service)
            #expect(values["people"]?.intValue == 1)
            #expect(values["spent"]?.moneyValue == Money(currencyCode: "EUR", minorUnits: 300))
            #expect(values["last"]?.stringValue == "首次拜访" && values["worked"]?.intValue == 3)
            // A formula uses it.
            #expect(values["double"]?.intValue == 6)
            // One that fulfils the filter from now on is later.
            try await service.update(
                Activity(id: second.id, customFields: [CustomField(name: "hours", intValue: 9)]))
            values = try await Self.values(account, service)
            #expect(values["last"]?.stringValue == "second" && values["worked"]?.intValue == 11)
            // Moved to another one; what was right there is so here.
            try await service.update(Activity(id: second.id, accountID: other.id))
            values = try await Self.values(account, service)
            #expect(values["last"]?.stringValue == "首次拜访" && values["worked"]?.intValue == 2)
            var others = try await Self.values(other, service)
            #expect(others["worked"]?.intValue == 9 && others["double"]?.intValue == 18)
            // A text that its field does not hold is none, and two currencies have no sum.
            try await service.update(Activity(id: second.id, subject: "longer than ten"))
            let dollar = Money(currencyCode: "USD", minorUnits: 1)
            try await service.create(Self.activity(other, "third", amount: dollar))
            others = try await Self.values(other, service)
            #expect(others["last"] == nil && others["spent"] == nil && others["worked"]?.intValue == 9)
            try await service.delete(first)
            try await service.delete(link)
            values = try await Self.values(account, service)
            #expect(values["people"]?.intValue == 0 && values["spent"] == nil && values["double"] == nil)
            try await service.restore(first)
            values = try await Self.values(account, service)
            #expect(values["worked"]?.intValue == 2)
            let found = try await service.list(Account.self, "custom.worked > 5", by: ["custom.worked"])
            #expect(found.map(\.id) == [other.id])
            #expect(try await service.number("SELECT count(*) FROM {schema}.roll_up_marks") == 0)
        }
    }

    @Test func nobodyWritesIt() async throws {
        try await Self.run { service in
            let sent = CustomField(name: "people", intValue: 99)
            let account = try await service.create(Account(customFields: [sent], displayName: "a"))
            #expect(RollUps.values(account.customFields)["people"]?.intValue == 0)
            let refused = try await denial {
                try await service.update(Account(id: account.id, customFields: [sent]), ["custom.people"])
            }
            #expect(refused.reason == "FIELD_OUTPUT_ONLY")
            try await service.create(Self.activity(account, "a", hours: 1))
            let values = try await Self.values(account, service)
            #expect(values["worked"]?.intValue == 1)
            let undo = try await denial { try await service.undo(account, 2) }
            #expect(undo.reason == "CHANGE_NOT_UNDOABLE", "\(undo)")
            // An edit of the version before it is merged.
            let edited = try await service.update(Account(id: account.id, version: 1, displayName: "b"))
            #expect(RollUps.values(edited.customFields)["worked"]?.intValue == 1)
        }
    }

    /// However many are written at once, each record that they name is written once for them.
    @Test func manyAtOnceAreFewWrites() async throws {
        try await Self.run { service in
            let account = try await service.create(Account(displayName: "a"))
            try await RollUps.settle(service)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { try await service.create(Self.activity(account, "\(number)", hours: 1)) }
                }
                try await group.waitForAll()
            }
            let values = try await Self.values(account, service)
            #expect(values["worked"]?.intValue == 100)
            let version = try await service.get(account).version
            #expect(version == 2)
        }
    }

    /// Records that are there get what a roll-up says that comes or changes later.
    @Test func recordsFollowANewRollUp() async throws {
        try await Self.run([Self.amount, Self.hours]) { service in
            let accounts = try await service.batchCreate((0..<250).map { Account(displayName: "\($0)") }).records
            for account in accounts.prefix(3) {
                try await service.create(Self.activity(account, "x", hours: 4))
                try await service.create(Self.activity(account, "y", hours: 1))
            }
            service.set(Self.all)
            let first = try await Self.values(accounts[0], service)
            #expect(
                first["worked"]?.intValue == 5 && first["double"]?.intValue == 10 && first["last"]?.stringValue == "x")
            let counted = try await service.number(
                "SELECT count(*) FROM {schema}.accounts WHERE (custom->>'custom.11')::int = 0")
            #expect(counted == 250)
            #expect(try await RollUps.settle(service) == 0)
            var filtered = Self.worked
            filtered = RollUps.field(
                "account", 14, "worked", .wholeNumber,
                TenantRollUp(
                    object: "activity", reference: "account_id", function: .sum, value: "custom.hours",
                    filter: "custom.hours < 4"))
            service.set([Self.amount, Self.hours, filtered, Self.double])
            let changed = try await Self.values(accounts[0], service)
            #expect(changed["worked"]?.intValue == 1 && changed["double"]?.intValue == 2)
            // What asks for a field that is not there has no value.
            service.set([filtered, Self.double])
            let unfit = try await Self.values(accounts[0], service)
            #expect(unfit["worked"] == nil && unfit["double"] == nil)
        }
    }

    /// What fails or is killed on the way has done nothing, and is done again.
    @Test func whatIsCutOffIsDoneAgain() async throws {
        try await Self.run { service in
            let accounts = try await service.batchCreate((0..<300).map { Account(displayName: "\($0)") }).records
            try await RollUps.settle(service)
            for page in 0..<3 {
                try await service.batchCreate(
                    accounts[page * 100..<page * 100 + 100].map { Self.activity($0, "a", hours: 3) })
            }
            let keeper = RollUps.keeper(service)
            for microseconds in [1, 5_000, 20_000, 60_000] {
                _ = try? await keeper.step(service.tenant.id, timeout: .microseconds(microseconds))
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try? await keeper.step(service.tenant.id, timeout: .seconds(9)) }
                    group.cancelAll()
                }
            }
            async let one = RollUps.settle(service)
            async let other = RollUps.settle(service)
            _ = try await (one, other)
            try await RollUps.settle(service)
            let right = try await service.number(
                "SELECT count(*) FROM {schema}.accounts WHERE (custom->>'custom.14')::int = 3 AND version = 2")
            #expect(right == 300)
        }
    }

    /// Records that do not fit into memory together are reckoned by and by.
    @Test func longRecordsHoldNothingUp() async throws {
        let notes = (1...7).map { TenantField(object: "account", number: $0, name: "n\($0)", kind: .longText) }
        try await Self.run(notes) { service in
            let text = String(repeating: "y", count: 9_000)
            let long = notes.map { CustomField(name: $0.name, stringValue: text) }
            var accounts: [Account] = []
            for _ in 0..<8 {
                accounts += try await service.batchCreate(
                    (0..<40).map { Account(customFields: long, displayName: "\($0)") }
                ).records
            }
            try await service.batchCreate(accounts.map { Self.activity($0, "a") })
            let count = TenantRollUp(object: "activity", reference: "account_id", function: .count)
            service.set(notes + [RollUps.field("account", 9, "calls", .wholeNumber, count)])
            try await RollUps.settle(service)
            let counted = "SELECT count(*) FROM {schema}.accounts WHERE (custom->>'custom.9')::int = "
            #expect(try await service.number(counted + "1") == 320)
            try await service.batchCreate(accounts.map { Self.activity($0, "b") })
            try await RollUps.settle(service)
            #expect(try await service.number(counted + "2") == 320)
        }
    }

    /// A sum that is too great for its field is none, and holds up no other.
    @Test func oneThatDoesNotFitHoldsUpNobody() async throws {
        try await Self.run { service in
            let accounts = try await service.batchCreate([Account(displayName: "a"), Account(displayName: "b")]).records
            for _ in 0..<2 { try await service.create(Self.activity(accounts[0], "a", hours: .max)) }
            try await service.create(Self.activity(accounts[1], "b", hours: 7))
            let great = try await Self.values(accounts[0], service)
            let other = try await Self.values(accounts[1], service)
            #expect(great["worked"] == nil && great["people"]?.intValue == 0 && other["worked"]?.intValue == 7)
        }
    }

    /// Who may not read what it follows from learns nothing by it: not the records, nor a field, nor what the filter asks.
    @Test(arguments: [
        ("all", [String](), ["people", "spent", "last", "worked", "double"]),
        ("kind", ["activity"], ["people"]), ("hours", ["custom.hours"], ["people", "spent"]),
        ("subject", ["subject"], ["people", "spent", "worked", "double"]),
        ("reference", ["account_id"], ["people"]),
    ])
    func hiddenFieldsStayHidden(_ name: String, _ hidden: [String], _ seen: [String]) async throws {
        try await Self.run { service in
            var grants: [(object: String, action: String, scope: Scope)] = [
                ("account", "read", .own), ("account", "update", .all), ("account_contact", "read", .own),
            ]
            if hidden != ["activity"] { grants.append(("activity", "read", .own)) }
            let policies: [(object: String, field: String, level: FieldLevel)] = hidden.filter { $0 != "activity" }.map
            {
                ("activity", $0, .masked)
            }
            let clerk = service.makeUser(grants, hiding: policies)
            var account = Account(displayName: "a")
            account.ownerID = clerk.id.text
            account = try await service.create(account)
            let euro = Money(currencyCode: "EUR", minorUnits: 150)
            // Not one of his.
            try await service.create(Self.activity(account, "short", hours: 4, amount: euro))
            try await RollUps.settle(service)
            let shown = RollUps.values(try await service.get(account, as: clerk).customFields)
            #expect(Set(shown.keys) == Set(seen))
            let listed = try await service.list(Account.self, as: clerk)
            #expect(Set(listed.flatMap(\.customFields).compactMap(\.name)) == Set(seen))
            let edited = try await service.update(Account(id: account.id, city: "Köln"), as: clerk)
            #expect(Set(edited.customFields.compactMap(\.name)) == Set(seen))
            for field in ["people", "spent.minor_units", "last", "worked", "double"] {
                let isSeen = seen.contains(String(field.prefix { $0 != "." }))
                let value = field == "last" ? "short" : "1"
                let filtered = try await refusal {
                    try await service.list(Account.self, "custom.\(field) != \(value)", as: clerk)
                }
                #expect(filtered?.reason == (isSeen ? nil : "FIELD_NOT_READABLE"), "\(field)")
                let sorted = try await refusal {
                    try await service.list(Account.self, by: ["custom.\(field)"], as: clerk)
                }
                #expect((sorted == nil) == isSeen, "\(field)")
            }
        }
    }

    @Test func workspacesStayApart() async throws {
        try await Self.run { one in
            try await Self.run { other in
                let mine = try await one.create(Account(displayName: "a"))
                let theirs = try await other.create(Account(id: mine.id, displayName: "b"))
                try await one.create(Self.activity(mine, "a", hours: 5))
                #expect(try await other.number("SELECT count(*) FROM {schema}.roll_up_marks") <= 1)
                let values = try await Self.values(theirs, other)
                #expect(values["worked"] == nil)
                let own = try await Self.values(mine, one)
                #expect(own["worked"]?.intValue == 5)
            }
        }
    }
}
