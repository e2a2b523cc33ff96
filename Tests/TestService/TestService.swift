package import AccessControl
package import Migrations
package import Postgres
package import RPC
import Reactor
package import Records
import Synchronization
package import Tenancy
import TenantDatabase
package import TestPostgres

/// A service that keeps records, with a real PostgreSQL, a tenant of its own and made-up people: its methods are called as
/// the gateway calls them, without programs and sockets.
package final class TestService: Sendable {
    /// What a service declares.
    package struct Parts: Sendable {
        let service: ServiceName
        let stream: MigrationStream
        let types: [RecordType]
        let routes: @Sendable (RecordEngine) throws -> Router

        package init(
            _ service: ServiceName, _ stream: MigrationStream, _ types: [RecordType],
            routes: @escaping @Sendable (RecordEngine) throws -> Router
        ) {
            self.service = service
            self.stream = stream
            self.types = types
            self.routes = routes
        }
    }

    package let tenant: TestTenant
    /// May do everything.
    package let admin: UserID
    /// The records of other services that exist.
    package let foreign = FakeReferences()
    private let postgres: TestPostgres
    private let database: TenantDatabase
    private let routes: RouteTable
    private let policies = FakePolicies()
    private let people: Mutex<(roles: [PolicyRole], users: [PolicyUser])>
    private let departments: [RecordID]

    /// Runs `body` on an event loop with a tenant of its own.
    ///
    /// - Parameter from: makes the tenant's schema with the migrations up to this number first and runs `old` on it, then
    ///   brings it up to date: for data of an earlier release.
    package static func run(
        _ parts: Parts, from number: Int? = nil,
        old: @escaping @Sendable (TestService) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(parts.service, poolSize: 4)
        let first = MigrationStream(
            name: parts.stream.name, kind: parts.stream.kind,
            migrations: parts.stream.migrations.filter { $0.number <= number ?? Int.max }, rights: parts.stream.rights)
        try await postgres.withTenant(first) { tenant in
            let service = try TestService(parts, postgres, tenant, databases)
            if number != nil {
                try await old(service)
                _ = try await postgres.provisioner.prepare(tenant.id, stream: parts.stream, partition: 0)
            }
            try await body(service)
        }
        await databases.close(deadline: 0)
    }

    private init(
        _ parts: Parts, _ postgres: TestPostgres, _ tenant: TestTenant, _ databases: DatabaseSet
    ) throws {
        self.postgres = postgres
        self.tenant = tenant
        admin = tenant.userID
        departments = [.make()]
        database = TenantDatabase(
            service: parts.service, databases: databases, placements: SinglePlacement(),
            schemaVersions: 1...parts.stream.version)
        let engine = try RecordEngine(
            database: database, policies: policies, types: parts.types, references: foreign,
            pageTokenKey: Array(repeating: 9, count: 32))
        routes = RouteTable(try parts.routes(engine))
        people = Mutex(([], []))
        add(admin, [("*", "*", .all)], [])
    }

    /// The way to the service as a user; the admin unless told otherwise. Give it to a client of the contract.
    package func channel(as user: UserID? = nil, requestID: String? = nil) -> LocalChannel {
        LocalChannel(
            routes: routes, caller: caller(user ?? admin), requestID: requestID, logger: postgres.logger)
    }

    /// Adds a user with a role of its own.
    package func makeUser(
        _ grants: [(object: String, action: String, scope: Scope)],
        hiding policies: [(object: String, field: String, level: FieldLevel)] = []
    ) -> UserID {
        let user = UserID(.make())
        add(user, grants, policies)
        return user
    }

    /// Gives a user other rights than before.
    package func change(
        _ user: UserID, to grants: [(object: String, action: String, scope: Scope)],
        hiding policies: [(object: String, field: String, level: FieldLevel)] = []
    ) {
        people.withLock { people in people.users.removeAll { $0.id == user } }
        add(user, grants, policies)
    }

    private func add(
        _ user: UserID, _ grants: [(object: String, action: String, scope: Scope)],
        _ policies: [(object: String, field: String, level: FieldLevel)]
    ) {
        let role = PolicyRole(
            id: .make(), displayName: "Test",
            grants: grants.map { Grant(object: $0.object, action: $0.action, scope: $0.scope) },
            fieldPolicies: policies.map { FieldPolicy(object: $0.object, field: $0.field, level: $0.level) })
        let snapshot = people.withLock { people in
            people.roles.append(role)
            people.users.append(PolicyUser(id: user, unitID: departments[0], roleIDs: [role.id]))
            return PolicySnapshot(
                tenantID: tenant.id, epoch: 1, isActive: true, roles: people.roles,
                units: departments.map { PolicyUnit(id: $0, parentID: nil) }, users: people.users)
        }
        self.policies.snapshots.withLock { $0[tenant.id] = snapshot }
    }

    private func caller(_ user: UserID) -> Caller {
        Caller(
            kind: .user, tenantID: tenant.id, userID: user, sessionID: .make(), policyEpoch: 1,
            expireTime: .now().advanced(by: .seconds(60)), workspace: "test")
    }

    /// Runs SQL of the test in the tenant's schema, with the rights that the service has.
    @discardableResult
    package func sql(_ text: String) async throws -> Rows {
        let results = try await database.batch(
            caller(admin), deadline: TestPostgres.deadline(), [(Statement(unsafeGenerated: text), Parameters())])
        return results[0]
    }
}

extension TestService {
    /// One number from the tenant's schema.
    package func number(_ text: String) async throws -> Int64 { try await sql(text).one().int64(0) }
}

/// The error that a call ends with; nil when it succeeds.
package func refusal<Answer>(_ call: () async throws -> Answer) async throws -> RPCError? {
    do {
        _ = try await call()
        return nil
    } catch let error as RPCError {
        return error
    }
}
