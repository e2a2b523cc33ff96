package import AccessControl
import Migrations
package import Postgres
package import RPC
import Reactor
package import Records
package import ServiceHost
import Synchronization
package import Tenancy
package import TenantDatabase
package import TestPostgres
import Wire

/// A service that keeps records, with a real PostgreSQL, a tenant of its own and made-up people: its methods are called as
/// the gateway calls them, without programs and sockets. A call that names nobody is
/// the admin's, who may do everything.
package final class TestService: RecordCalls, Sendable {
    package let definition: ServiceDefinition
    package let postgres: TestPostgres
    package let tenant: TestTenant
    package let admin: UserID
    /// The records of other services that exist.
    package let foreign = FakeReferences()
    package let policies = FakePolicies()
    package let database: TenantDatabase
    package let databases: DatabaseSet
    package let engine: RecordEngine
    private let routes: RouteTable
    private let people = Mutex(People())
    private let named = Mutex<String?>(nil)
    /// The department of everybody who is not put into another one.
    package let home = RecordID.make()

    private struct People {
        var roles: [PolicyRole] = []
        var units: [PolicyUnit] = []
        var users: [PolicyUser] = []
        var isActive = true
        var settings = WorkspaceSettings()
        var model = TenantModel.empty
        var tags: [PolicyTag] = []
        var rules: [PolicySharingRule] = []
    }

    /// Runs `body` on an event loop with a tenant of its own.
    ///
    /// - Parameter from: makes the tenant's schema with the migrations up to this number first and runs `old` on it, then
    ///   brings it up to date: for data of an earlier release.
    package static func run(
        _ definition: ServiceDefinition, from number: Int? = nil,
        old: @escaping @Sendable (TestService) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(definition.name, poolSize: 4)
        let stream = definition.stream
        let first = MigrationStream(
            name: stream.name, kind: stream.kind,
            migrations: stream.migrations.filter { $0.number <= number ?? Int.max },
            rights: stream.rights(until: number ?? Int.max))
        try await postgres.withTenant(first) { tenant in
            let service = try TestService(
                definition, postgres, tenant, databases, accepting: first.version...stream.version)
            if number != nil {
                try await old(service)
                _ = try await postgres.provisioner.prepare(tenant.id, stream: stream, partition: 0)
            }
            try await body(service)
        }
        await databases.close(deadline: 0)
    }

    /// - Parameter versions: of the schema, that it works with; nil for those that the program does.
    package init(
        _ definition: ServiceDefinition, _ postgres: TestPostgres, _ tenant: TestTenant, _ databases: DatabaseSet,
        accepting versions: ClosedRange<Int>? = nil, watchLimits: WatchLimits = WatchLimits()
    ) throws {
        self.definition = definition
        self.postgres = postgres
        self.tenant = tenant
        admin = tenant.userID
        self.databases = databases
        database = TenantDatabase(
            service: definition.name, databases: databases, placements: SinglePlacement(),
            schemaVersions: versions ?? definition.stream.accepted)
        engine = try definition.engine(
            database, policies: policies, references: foreign, pageTokenKey: Array(repeating: 9, count: 32),
            watchLimits: watchLimits)
        routes = RouteTable(try definition.router(engine, definition.jobs(engine)))
        people.withLock { $0.units.append(PolicyUnit(id: home, parentID: nil)) }
        add(admin, [("*", "*", .all)], [], in: home)
    }

    /// The way to the service as a user. Give it to a client of the contract.
    package func channel(as user: UserID? = nil, requestID: String? = nil) -> LocalChannel {
        LocalChannel(routes: routes, caller: caller(user), requestID: requestID, logger: postgres.logger)
    }

    /// The same for calls that have been under way for a while.
    package func channel(as user: UserID, age: Duration) -> LocalChannel {
        LocalChannel(routes: routes, caller: caller(user), age: age, logger: postgres.logger)
    }

    /// A call under way, for what a custom method does with the engine.
    package func context(
        _ method: MethodDefinition, as user: UserID? = nil, requestID: String? = nil
    ) -> CallContext { channel(as: user, requestID: requestID).context(method) }

    /// Adds a user with a role of its own.
    package func makeUser(
        _ grants: [(object: String, action: String, scope: Scope)],
        hiding policies: [(object: String, field: String, level: FieldLevel)] = [], in department: RecordID? = nil
    ) -> UserID {
        let user = UserID(.make())
        add(user, grants, policies, in: department ?? home)
        return user
    }

    package func makeDepartment(under parent: RecordID? = nil) -> RecordID {
        let id = RecordID.make()
        publish { $0.units.append(PolicyUnit(id: id, parentID: parent)) }
        return id
    }

    /// The user works in another department from now on.
    package func move(_ user: UserID, to department: RecordID) {
        publish { people in
            people.users = people.users.map {
                $0.id == user ? PolicyUser(id: user, unitID: department, roleIDs: $0.roleIDs) : $0
            }
        }
    }

    /// Gives a user other rights than before.
    package func change(
        _ user: UserID, to grants: [(object: String, action: String, scope: Scope)],
        hiding policies: [(object: String, field: String, level: FieldLevel)] = []
    ) {
        people.withLock { people in people.users.removeAll { $0.id == user } }
        add(user, grants, policies, in: home)
    }

    /// The user is disabled, or gone: a policy does not tell which.
    package func disable(_ user: UserID) { publish { $0.users.removeAll { $0.id == user } } }

    /// What the workspace has set for itself.
    package func set(_ settings: WorkspaceSettings) { publish { $0.settings = settings } }

    /// The fields that the workspace has added to its records, the objects that it has defined, and its choice lists.
    package func set(
        _ fields: [TenantField], objects: [TenantObject] = [], choiceLists: [TenantChoiceList] = [],
        demanding rules: [TenantRule] = []
    ) {
        publish { $0.model = TenantModel(fields, objects: objects, choiceLists: choiceLists, rules: rules) }
    }

    /// The workspace has a tag: of a user, seen by all, or by who works in these departments or has the right to read others' tags.
    @discardableResult
    package func makeTag(
        of owner: UserID? = nil, forAll: Bool = false, in units: [RecordID] = [], id: RecordID = .make()
    ) -> String {
        let tag = PolicyTag(id: id, owner: (owner ?? admin).id, unit: nil, isForAll: forAll, units: units)
        publish { people in
            people.tags.removeAll { $0.id == id }
            people.tags.append(tag)
        }
        return id.text
    }

    /// The tag is deleted from now on.
    package func deleteTag(_ id: String) { publish { $0.tags.removeAll { $0.id.text == id } } }

    /// The sharing rules of the workspace.
    package func set(rules: [PolicySharingRule]) { publish { $0.rules = rules } }

    package var ownObject: String? { named.withLock { $0 } }

    /// Requests that have to name an object name this one from now on.
    package func name(_ object: String?) { named.withLock { $0 = object } }

    /// The people of another instance are this one's, too.
    package func adopt(_ other: TestService) {
        let known = other.people.withLock { $0 }
        publish { $0 = known }
    }

    /// The workspace is closed from now on.
    package func close() { publish { $0.isActive = false } }

    private func add(
        _ user: UserID, _ grants: [(object: String, action: String, scope: Scope)],
        _ policies: [(object: String, field: String, level: FieldLevel)], in department: RecordID
    ) {
        let role = PolicyRole(
            id: .make(), displayName: "Test",
            grants: grants.map { Grant(object: $0.object, action: $0.action, scope: $0.scope) },
            fieldPolicies: policies.map { FieldPolicy(object: $0.object, field: $0.field, level: $0.level) })
        publish { people in
            people.roles.append(role)
            people.users.append(PolicyUser(id: user, unitID: department, roleIDs: [role.id]))
        }
    }

    /// What a user may do.
    package func access(of user: UserID) -> UserAccess? {
        policies.snapshots.withLock { $0[tenant.id] }?.access(of: user)
    }

    package func tags(seenBy access: UserAccess) -> TagSight? {
        policies.snapshots.withLock { $0[tenant.id] }?.tags(seenBy: access)
    }

    private func publish(_ change: (inout People) -> Void) {
        let snapshot = people.withLock { people in
            change(&people)
            return PolicySnapshot(
                tenantID: tenant.id, epoch: 1, isActive: people.isActive, roles: people.roles, units: people.units,
                users: people.users, settings: people.settings, model: people.model,
                tags: people.tags, sharingRules: people.rules)
        }
        policies.snapshots.withLock { $0[tenant.id] = snapshot }
    }

    private func caller(_ user: UserID?) -> Caller {
        Caller(
            kind: .user, tenantID: tenant.id, userID: user ?? admin, sessionID: .make(), policyEpoch: 1,
            expireTime: .now().advanced(by: .seconds(60)), workspace: "test")
    }

    /// Runs SQL of the test in the tenant's schema, with the rights that the service has.
    @discardableResult
    package func sql(_ text: String, _ parameters: Parameters = Parameters()) async throws -> Rows {
        let results = try await database.batch(
            tenant.actor, deadline: TestPostgres.deadline(), [(Statement(unsafeGenerated: text), parameters)])
        return results[0]
    }
}

extension MigrationStream {
    /// The rights on the tables that the migrations up to this number make.
    fileprivate func rights(until number: Int) -> [TableRights] {
        rights.filter { rights in
            migrations.contains { $0.number <= number && $0.sql.contains("{schema}.\(rights.table)") }
        }
    }
}

extension TestPostgres {
    /// How the table of a record type differs from its declaration.
    package func problems(of type: RecordType, in schema: String) async throws -> [String] {
        var parameters = Parameters()
        parameters.append(schema)
        parameters.append(type.table)
        return try await withPool { pool in
            try SchemaCheck.problems(
                of: type, columns: await pool.run(Self.scope(), SchemaCheck.columns, parameters),
                constraints: await pool.run(Self.scope(), SchemaCheck.constraints, parameters))
        }
    }
}

extension TestService {
    /// How the table of a record type differs from its declaration.
    package func problems(of type: RecordType) async throws -> [String] {
        try await postgres.problems(of: type, in: tenant.schema(definition.name).name)
    }

    /// One number from the tenant's schema.
    package func number(_ text: String) async throws -> Int64 { try await sql(text).one().int64(0) }
}

/// The error of a call that must be refused.
///
/// - Throws: `NotRefused` when it succeeds.
package func denial<Answer>(_ call: () async throws -> Answer) async throws -> RPCError {
    guard let error = try await refusal(call) else { throw NotRefused() }
    return error
}

package struct NotRefused: Error {}

/// The error that a call ends with; nil when it succeeds.
package func refusal<Answer>(_ call: () async throws -> Answer) async throws -> RPCError? {
    do {
        _ = try await call()
        return nil
    } catch let error as RPCError {
        return error
    }
}
