import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// Filters find parts of texts by an index, and what they found without one.
@Suite struct PartIndexTests {
    /// Twelve thousand, of which a few have something that no others have.
    private static func fill(_ service: TestService) async throws {
        let insert = """
            INSERT INTO {schema}.contacts (id, version, created_at, updated_at, owner_id, given_name, family_name, contact_points)
            SELECT gen_random_uuid(), 1, now() - n * interval '1 s', now(), '\(service.admin.id.text)',
            """
        for first in stride(from: 1, to: 12_000, by: 2_000) {
            try await service.sql(
                """
                \(insert) 'Given ' || md5(n::text),
                    CASE WHEN n % 2 = 0 THEN '上海' || chr(30000 + n % 700) || '有限公司' ELSE 'Company ' || md5(n::text) END,
                    jsonb_build_array(jsonb_build_object('kind', 1, 'value', 'p' || n || '@example.com', 'label', 'work'))
                FROM generate_series(\(first), \(first + 1_999)) AS n
                """)
        }
        try await service.sql(
            """
            \(insert) 'Fixture555', name, NULL FROM unnest(ARRAY[
                'Quokka Ltd', 'big QUOKKA', '张三 Handel', '张家三水', 'q_x 100%', 'a\\b', 'x' || chr(34) || 'y']) WITH ORDINALITY AS names (name, n)
            """)
        try await service.sql(
            """
            \(insert) 'Ann', NULL, jsonb_build_array(jsonb_build_object('kind', 1, 'value', value))
            FROM unnest(ARRAY['quokka@example.com', 'a\\quokka', 'say ' || chr(34) || 'quokka' || chr(34), '张三']) WITH ORDINALITY AS points (value, n)
            """)
        _ = try await service.postgres.rows("ANALYZE \(service.tenant.schema(service.definition.name).name).contacts")
    }

    private static func plan(_ filter: String, _ service: TestService) async throws -> String {
        let context = service.context(ContactServiceMethods.listContacts)
        let call = try await service.engine.authorise(context, SampleService.contact, .read)
        let query = ListQuery(
            selection: Selection(
                call: call, filter: try service.engine.resolve(FilterParser.parse(filter), call), lifetime: .living,
                action: .read), order: try SortOrder([], call), pageSize: 50, place: nil)
        let (text, parameters) = query.page()
        return try await service.sql("EXPLAIN " + text, parameters).map { try $0.string(0) }.joined(separator: "\n")
    }

    private static let ofNames: [(filter: String, count: Int, isIndexed: Bool)] = [
        ("family_name ~ 'quokka'", 2, true), ("family_name ~ 'UOKK'", 2, true), ("family_name ^= 'quok'", 1, true),
        ("family_name ~ 'nowhere'", 0, true), ("family_name ~ '张'", 2, true), ("family_name ~ '张三'", 1, true),
        ("family_name ~ '三 h'", 1, true), ("family_name ^= '张三'", 1, true), ("family_name ~ 'q_x'", 1, true),
        ("family_name ~ 'quokka' or family_name ~ '张三'", 3, true),
        // What the index knows nothing of does not keep it from what it knows.
        ("family_name ~ 'b' and given_name ~ 'fixture555'", 2, true),
        // A filter of many reads on in the order of the list.
        ("family_name ~ 'company'", 50, false), ("family_name ~ '有限'", 50, false), ("family_name ~ '司'", 50, false),
        ("not family_name ~ 'company'", 50, false),
    ]

    private static let ofPoints: [(filter: String, count: Int)] = [
        ("contact_points.value ~ 'quokka'", 3), ("contact_points.value ^= 'quokka'", 1),
        (#"contact_points.value ~ "a\\quokka""#, 1), (#"contact_points.value ~ "\"quokka""#, 1),
        ("contact_points.value ~ '三'", 1), ("contact_points.value ~ 'p11999@'", 1),
    ]

    @Test func contactsAreFoundByParts() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.fill(service)
            for (filter, count, isIndexed) in Self.ofNames + Self.ofPoints.map({ ($0.filter, $0.count, true) }) {
                let found = try await service.list(Contact.self, filter)
                #expect(found.count == count, "\(filter): \(found.map(\.familyName))")
                let plan = try await Self.plan(filter, service)
                #expect(plan.contains("contacts_parts_idx") == isIndexed, "\(filter): \(plan)")
            }
        }
    }

    /// What the index knows of a text: groups of three letters, wherever it stands.
    @Test(arguments: [
        ("abc", false, true), ("ab", false, false), ("ab", true, true), ("a b", false, true), ("ab ", false, true),
        ("a ", false, false), ("%%%", true, false), ("a%b%c", false, true), ("", true, false), ("北京", false, false),
    ])
    func whatTheIndexKnows(_ text: String, _ isBeginning: Bool, _ isKnown: Bool) {
        #expect(PartIndex.knows(text, isBeginning: isBeginning) == isKnown)
    }
}
