import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import FilterModel
@testable import Records

/// Filters that follow a reference to a record of the same service.
@Suite struct ReferenceFilterTests {
    private static let names = ["Acme", "acme ag", "Zebra", "Äpfel"]

    private struct Office {
        var accounts: [Account] = []
        var activities: [Activity] = []

        /// A living account by its id.
        func account(_ id: RecordID) -> Message? {
            accounts.first { $0.id == id.text && $0.deleteTime == nil }?.message(in: Arena())
        }
    }

    /// Accounts of the north and the south, some deleted; activities of each and of none.
    private static func fill(_ service: TestService, rep: UserID) async throws -> Office {
        var office = Office()
        for number in 0..<8 {
            let account = Account(
                displayName: names[number % 4], city: number % 3 == 0 ? nil : "city \(number % 2)",
                annualRevenue: number % 2 == 0 ? nil : Money(currencyCode: "EUR", minorUnits: Int64(number)),
                parentAccountID: number > 4 ? office.accounts[number - 4].id : nil)
            office.accounts.append(try await service.create(account, as: number % 2 == 0 ? rep : nil))
        }
        for number in 0..<20 {
            let activity = Activity(
                kind: number % 2 == 0 ? .call : .note, subject: "s\(number)",
                accountID: number % 5 == 4 ? nil : office.accounts[number % 8].id)
            office.activities.append(try await service.create(activity))
        }
        for number in [2, 3] {
            office.accounts[number] = try await service.delete(office.accounts[number])
        }
        return office
    }

    private static func filter(depth: Int, _ random: inout SystemRandomNumberGenerator) -> String {
        switch depth > 0 ? Int.random(in: 0..<5, using: &random) : 4 {
        case 0: "not (\(filter(depth: depth - 1, &random)))"
        case 1: "(\(filter(depth: depth - 1, &random)) and \(filter(depth: depth - 1, &random)))"
        case 2: "(\(filter(depth: depth - 1, &random)) or \(filter(depth: depth - 1, &random)))"
        default:
            [
                "account.display_name = Acme", "account.display_name != Acme", "account.display_name ~ 'acme'",
                "account.display_name >= 'b'", "account.city is set", "account.city is not set",
                "account.annual_revenue.minor_units > 3", "account.annual_revenue < '0.04 EUR'",
                "account.annual_revenue != '0.03 EUR'", "account.display_name in (Zebra, 'Äpfel')",
                "account.parent_account_id is set", "account_id is set", "kind = call", "account.version = 1",
            ].randomElement(using: &random) ?? ""
        }
    }

    /// Comparison by comparison, as it is written.
    private static func matches(
        _ node: FilterNode, _ activity: Message, _ call: RecordCall, _ office: Office
    ) throws -> Bool {
        switch node {
        case .all(let nodes): return try nodes.allSatisfy { try matches($0, activity, call, office) }
        case .any(let nodes): return try nodes.contains { try matches($0, activity, call, office) }
        case .not(let inner): return try !matches(inner, activity, call, office)
        case .compare:
            return try FilterResolver(call).resolve(node).matches(activity) { type, id in
                type === SampleService.account ? office.account(id) : nil
            }
        }
    }

    @Test func sqlAndMemoryAgree() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let office = try await ReferenceFilterTests.fill(service, rep: people.rep)
            var random = SystemRandomNumberGenerator()
            for round in 0..<120 {
                let user = round % 2 == 0 ? people.admin : people.rep
                let text = ReferenceFilterTests.filter(depth: 3, &random)
                let context = service.context(ActivityServiceMethods.listActivities, as: user)
                let call = try await service.engine.authorise(context, SampleService.activity, .read)
                let filter = try FilterParser.parse(text)
                let expected = try office.activities.filter { activity in
                    try Self.matches(filter, activity.message(in: context.arena), call, office)
                }
                let found = try await ActivityServiceClient(channel: service.channel(as: user)).listActivities(
                    ListActivitiesRequest(filterExpression: text, pageSize: 1000))
                #expect(Set(found.records.map(\.id)) == Set(expected.map(\.id)), "round \(round): \(text)")
            }
        }
    }

    /// The inner columns are those of the other record, in a table that refers to itself, too.
    @Test func aTableMayReferToItself() async throws {
        try await TestService.run(SampleService.definition) { service in
            let parent = try await service.create(Account(displayName: "Parent", city: "Rom"))
            let child = try await service.create(
                Account(displayName: "Child", city: "Bonn", parentAccountID: parent.id))
            let found = try await service.accounts().listAccounts(
                ListAccountsRequest(filterExpression: "parent_account.city = Rom and city = Bonn"))
            #expect(found.records.map(\.id) == [child.id])
        }
    }

    @Test func nothingIsToldOfWhatTheCallerMayNotSee() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let hidden = try await service.create(Account(displayName: "Hidden"))
            try await service.create(Activity(kind: .call, subject: "s", accountID: hidden.id))
            func count(_ text: String, _ user: UserID) async throws -> Int {
                try await service.list(Activity.self, text, as: user).count
            }
            #expect(try await count("account.display_name = Hidden", people.admin) == 1)
            #expect(try await count("account.display_name = Hidden", people.rep) == 0)
            #expect(try await count("account.display_name is set", people.rep) == 0)
            // Whatever it is compared with, the answer is the same.
            #expect(try await count("account.display_name != Hidden", people.rep) == 1)
            #expect(try await count("account.display_name != Other", people.rep) == 1)

            func refusal(
                _ text: String, _ user: UserID, _ method: MethodDefinition = AccountServiceMethods.listAccounts
            )
                async throws -> String
            {
                try await denial { try await service.list(Account.self, text, as: user) }.reason
            }
            #expect(try await refusal("parent_account.phone ~ '1'", people.reader) == "FIELD_NOT_READABLE")
            #expect(try await refusal("parent_account.nonsense = 1", people.admin) == "FILTER_FIELD_UNKNOWN")
            #expect(try await refusal("parent_account.parent_account.city = x", people.admin) == "FILTER_FIELD_UNKNOWN")
            let error = try await denial {
                try await service.list(Activity.self, "contact.given_name = x", as: people.rep)
            }
            #expect(error.reason == "PERMISSION_MISSING" && error.details.first?.value == "contact.read")
        }
    }
}
