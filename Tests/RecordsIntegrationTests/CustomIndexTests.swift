import AccessControl
import Contracts
import CustomerContracts
import Migrations
import Postgres
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing

@testable import Records

/// Lists by a custom field that is indexed go by its index, and find what they found before.
@Suite struct CustomIndexTests {
    /// Has the fields indexed of which there are indexes: as the provisioner makes them.
    static func index(_ fields: [TenantField], _ service: TestService) async throws {
        let indexed = fields.map { field in
            TenantField(
                object: field.object, number: field.number, name: field.name, kind: field.kind,
                lengthMax: field.lengthMax, range: field.range, choices: field.choices, isIndexed: true)
        }
        service.set(indexed)
        for field in indexed {
            guard let index = CustomFieldIndex(of: field, nil, among: service.definition.records) else { continue }
            try await TenantIndex(
                service.tenant.schema(service.definition.name), name: index.name, table: index.table,
                definition: index.definition
            ).make(in: service.postgres.owner)
        }
    }

    private static let kinds: [(TenantField.Kind, filter: String, order: String?)] = [
        (.text, "custom.f = \"v7\"", "custom.f"), (.wholeNumber, "custom.f = 7", "custom.f"),
        (.number, "custom.f = 7.5", "custom.f"), (.date, "custom.f = \"2027-01-07\"", "custom.f"),
        (.time, "custom.f = \"2027-01-07T08:00:00.5Z\"", "custom.f"), (.choice, "custom.f = \"v7\"", "custom.f"),
        (.email, "custom.f = \"v7@example.com\"", "custom.f"),
        (.money, "custom.f = \"7.00 EUR\"", "custom.f.minor_units"),
    ]

    /// What rows hold, by the number of the row.
    private static func value(_ kind: TenantField.Kind) -> String {
        switch kind {
        case .wholeNumber: "n % 1000"
        case .number: "n % 1000 + 0.5"
        case .date: "to_char(date '2027-01-01' + (n % 1000 - 1)::int, 'YYYY-MM-DD')"
        case .time: "to_char(date '2027-01-01' + (n % 1000 - 1)::int, 'YYYY-MM-DD\"T08:00:00.5Z\"')"
        case .email: "'v' || n % 1000 || '@example.com'"
        case .money: "jsonb_build_object('currency_code', 'EUR', 'minor_units', n % 1000 * 100)"
        default: "'v' || n % 1000"
        }
    }

    @Test(arguments: kinds.indices) func listsGoByTheIndex(_ number: Int) async throws {
        let (kind, filter, order) = Self.kinds[number]
        try await TestService.run(SampleService.definition) { service in
            let field = TenantField(
                object: "account", number: 4, name: "f", kind: kind, choices: kind == .choice ? ["v7"] : [])
            service.set([field])
            try await service.sql(
                """
                INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name, custom)
                SELECT gen_random_uuid(), 1, now(), now(), '\(service.admin.id.text)', 'a' || n,
                    CASE WHEN n % 3 > 0 THEN jsonb_build_object('custom.4', \(Self.value(kind))) END
                FROM generate_series(1, 20000) AS n
                """)
            func found() async throws -> [[String?]] {
                let answers = [
                    try await service.list(Account.self, filter, by: ["id"]),
                    try await service.list(Account.self, by: [order ?? "id", "id"]),
                    try await service.list(Account.self, by: ["\(order ?? "id") desc"]),
                    try await service.list(Account.self, "not \(filter) and custom.f is set", by: [order ?? "id"]),
                ]
                return answers.map { $0.map(\.id) }
            }
            let before = try await found()
            try await Self.index([field], service)
            let after = try await found()
            #expect(after == before && before[0].count == 14, "\(before[0].count)")
            for (text, keys) in [(filter, ["id"]), ("", [order ?? "id"]), ("", ["\(order ?? "id") desc"])] {
                let plan = try await Self.plan(text, by: keys, service)
                #expect(plan.contains("custom_4_idx") && !plan.contains("Seq Scan"), "\(text) \(keys): \(plan)")
            }
        }
    }

    /// A deleted record with a text that is longer than an entry of the index, which was made since, is told so.
    @Test func whatIsTooLongForTheIndexDoesNotComeBackAsItIs() async throws {
        try await TestService.run(SampleService.definition) { service in
            func field(_ lengthMax: Int) -> TenantField {
                TenantField(object: "account", number: 4, name: "f", kind: .text, lengthMax: lengthMax)
            }
            service.set([field(1_000)])
            var random = SeededGenerator(seed: 13)
            let letters = (0..<1_000).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0x4e00...0x9fff, using: &random))
            }
            var texts = String.UnicodeScalarView()
            texts.append(contentsOf: letters)
            func account(_ text: String) async throws -> Account {
                let made = try await service.create(
                    Account(customFields: [CustomField(name: "f", stringValue: text)], displayName: "a"))
                return try await service.delete(made)
            }
            let (long, short) = (try await account(String(texts)), try await account("short"))
            try await Self.index([field(600)], service)
            let refused = try await denial { try await service.restore(long) }
            #expect(refused.fieldViolations.map(\.reason) == ["TOO_LONG"], "\(refused)")
            #expect(refused.fieldViolations.first?.field.contains("custom.f") == true)
            try await service.restore(short)
        }
    }

    private static func plan(_ filter: String, by keys: [String], _ service: TestService) async throws -> String {
        let context = service.context(AccountServiceMethods.listAccounts)
        let call = try await service.engine.authorise(context, SampleService.account, .read)
        let query = ListQuery(
            selection: Selection(
                call: call, filter: try filter.isEmpty ? nil : service.engine.resolve(FilterParser.parse(filter), call),
                lifetime: .living, action: .read), order: try SortOrder(keys, call), pageSize: 50, place: nil)
        let (text, parameters) = query.page()
        return try await service.sql("EXPLAIN " + text, parameters).map { try $0.string(0) }.joined(separator: "\n")
    }

    @Test func thereIsNoneOfWhatNoListIsOrderedBy() {
        for kind in [TenantField.Kind.longText, .choices, .url] {
            let field = TenantField(object: "account", number: 4, name: "f", kind: kind, isIndexed: true)
            let index = CustomFieldIndex(of: field, nil, among: SampleService.definition.records)
            #expect(index == nil && !field.isIndexed)
        }
        let stranger = TenantField(object: "deal", number: 4, name: "f", kind: .text, isIndexed: true)
        let none = CustomFieldIndex(of: stranger, nil, among: SampleService.definition.records)
        #expect(none == nil)
    }
}
