import AccessControl
import Contracts
import Postgres
import RPC
import Reactor
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

/// What would be lost with fields that are about to go.
@Suite struct ModelUseTests {
    private static let fields = (1...40).map {
        TenantField(object: "account", number: $0, name: "f\($0)", kind: .text)
    }

    private static func count(
        _ fields: [(object: String, number: Int64)], _ service: TestService
    ) async throws -> [Int64] {
        let context = CallContext(
            method: ModelUseServiceMethods.countModelUses, deadline: .after(.seconds(20)), trace: .make(),
            connection: ConnectionContext(peer: .program(.identity), logger: service.postgres.logger),
            arena: Arena(), startNanoseconds: MonotonicTime.now())
        context.caller = Caller(
            kind: .program(.defineFields), tenantID: service.tenant.id, userID: service.admin, sessionID: nil,
            policyEpoch: 1, expireTime: .now().advanced(by: .seconds(30)), workspace: "")
        let answer = try await ModelUseMethods(service.engine).countModelUses(
            CountModelUsesRequest(fields: fields.map { CountedField(object: $0.object, number: $0.number) }), context)
        return answer.fieldCounts
    }

    private static func insert(_ count: Int, _ custom: String, _ service: TestService) async throws {
        try await service.sql(
            """
            INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name, custom)
            SELECT gen_random_uuid(), 1, now(), now(), '\(service.admin.id.text)', 'a' || n, \(custom)
            FROM generate_series(1, \(count)) AS n
            """)
    }

    @Test func eachFieldIsCounted() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(Self.fields)
            try await Self.insert(20, "jsonb_build_object('custom.3', 'x')", service)
            try await Self.insert(5, "jsonb_build_object('custom.7', 'y', 'custom.3', 'x')", service)
            // One that was deleted is asked for, too, and what is nobody's field.
            let asked = (1...60).map { ("account", Int64($0)) } + [("contact", 3), ("nothing", 1), ("account", 3)]
            let counts = try await Self.count(asked, service)
            var expected = [Int64](repeating: 0, count: 63)
            (expected[2], expected[6], expected[62]) = (25, 5, 25)
            #expect(counts == expected)
        }
    }

    /// What many records have in one field hides no other.
    @Test func aFieldThatIsInUseIsNotHiddenByAnother() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(Self.fields)
            try await Self.insert(1_200, "jsonb_build_object('custom.3', 'x')", service)
            try await Self.insert(1, "jsonb_build_object('custom.9', 'y')", service)
            let counts = try await Self.count((1...10).map { ("account", Int64($0)) }, service)
            #expect(counts == [0, 0, 1_000, 0, 0, 0, 0, 0, 1, 0])
        }
    }
}
