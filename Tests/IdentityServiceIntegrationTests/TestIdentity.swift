import Catalogue
import Contracts
import Credentials
import IdentityContracts
import Logging
import Migrations
import Postgres
import RPC
import Reactor
import Records
import ServiceHost
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import IdentityService
@testable import ProductRoles
@testable import ProvisionerService

/// Identity with a real database and a provisioner that makes no schemas but identity's own. `shared` is one for the tests
/// of the process: each test has its own tenants in it. A test that makes the provisioner fail has an instance of its own, in the same
/// directory.
final class TestIdentity: Sendable {
    let postgres: TestPostgres
    let identity: Identity
    let provisioner: FakeProvisioner
    let callerKeys: [ServiceName: MACKey]
    /// The services that hand over.
    let services: [ServiceName: FakeHandover]
    let router: Router
    private let routes: RouteTable
    let operatorCaller: Caller
    /// Counts the passwords that were hashed or checked.
    let evaluations = Evaluations()

    static let adminPassword = "correct horse battery"

    static func shared() async throws -> TestIdentity { try await started.value }

    private static let started = Task { try await TestIdentity() }

    init() async throws {
        let postgres = try await TestPostgres.shared()
        self.postgres = postgres
        provisioner = FakeProvisioner(postgres)
        _ = try await DirectoryMigrator(database: postgres.owner).migrate(IdentityMigrations.directoryStream)
        let directorySet = DatabaseSet(
            loops: postgres.loops, endpoints: [DatabaseEndpoint(partitions: [postgres.settings(.identity)])],
            workers: postgres.workers, logger: postgres.logger)
        var keys: [ServiceName: MACKey] = [:]
        for name in ServiceName.dataServices { keys[name] = try MACKey(RandomToken.make()) }
        callerKeys = keys
        services = keys.filter { $0.key != .identity }.reduce(into: [:]) {
            $0[$1.key] = FakeHandover($1.key, key: $1.value)
        }
        identity = try Identity(
            IdentityParts(
                databases: postgres.databases(.identity),
                directory: DirectoryDatabase(databases: directorySet),
                provisioner: ProvisioningServiceClient(channel: provisioner),
                records: ContractCatalogue.all.records, minter: CallerTokenMinter(keys: keys),
                services: services,
                passwordWorkers: postgres.workers, passwordsWaitingMax: 1_000,
                onPasswordEvaluation: { [evaluations] in evaluations.increment() },
                pageTokenKey: Array(repeating: 7, count: 32), logger: postgres.logger))
        router = try identity.router()
        routes = RouteTable(router)
        operatorCaller = Caller(
            kind: .operator, tenantID: nil, userID: UserID(.make()), sessionID: .make(), policyEpoch: 0,
            expireTime: Timestamp.now().advanced(by: .seconds(3600)), workspace: "")
    }

    /// The way to identity as somebody, from the gateway.
    func channel(
        as caller: Caller?, requestID: String? = nil, address: String = "test-\(RecordID.make())",
        from peer: Peer = .program(.gateway)
    ) -> LocalChannel {
        LocalChannel(
            routes: routes, caller: caller, requestID: requestID, address: address, peer: peer,
            logger: postgres.logger)
    }

    /// What operators do with workspaces.
    var operators: TenantServiceClient { TenantServiceClient(channel: channel(as: operatorCaller)) }

    func authentication(as caller: Caller? = nil) -> AuthenticationServiceClient {
        AuthenticationServiceClient(channel: channel(as: caller))
    }

    /// Opens a workspace and signs its admin in.
    func openWorkspace() async throws -> Workspace {
        let name = "w-\(RecordID.make().text.suffix(12))"
        let created = try await operators.createTenant(
            TestIdentity.wish(name))
        let id = try #require(TenantID(created.tenant?.id ?? ""))
        let admin = try #require(UserID(created.adminUserID ?? ""))
        return Workspace(identity: self, name: name, id: id, adminID: admin)
    }

    static func wish(_ workspace: String) -> CreateTenantRequest {
        CreateTenantRequest(
            workspace: workspace, displayName: "Test", adminEmail: "admin@example.com",
            adminDisplayName: "Admin",
            adminPassword: adminPassword)
    }

    func signIn(
        _ workspace: String, _ email: String = "admin@example.com", _ password: String = adminPassword,
        address: String = "test-\(RecordID.make())"
    ) async throws -> Session {
        let response = try await AuthenticationServiceClient(channel: channel(as: nil, address: address))
            .signIn(
                SignInRequest(workspace: workspace, email: email, password: password))
        return try #require(response.session)
    }

    /// Makes an operator.
    func addOperator(_ email: String, _ password: String = adminPassword) async throws -> UserID? {
        try await createOperator(
            email: email, displayName: "Op", password: password, in: identity.directory.database,
            workers: postgres.workers)
    }

    func signInOperator(
        _ email: String, _ password: String = adminPassword, address: String = "test-\(RecordID.make())"
    ) async throws -> Session {
        let response = try await AuthenticationServiceClient(channel: channel(as: nil, address: address))
            .signInOperator(SignInOperatorRequest(email: email, password: password))
        return try #require(response.session)
    }

    func resolve(_ session: Session) async throws -> Caller {
        let response = try await CallerServiceClient(channel: channel(as: nil)).resolveSession(
            ResolveSessionRequest(sessionHandle: session.sessionHandle))
        let token = try #require(response.token)
        let key = try #require(callerKeys[.customer])
        return try CallerTokenVerifier(audience: .customer, key: key).verify(
            CallerTokenBytes(encoded: token.encoded()))
    }

    /// Sweeps until it is done, for at most 20 seconds. One sweep need not do: the sweep of another test may have the
    /// tenant in work.
    func sweep(
        _ sweep: () async throws -> Void, until isDone: () async throws -> Bool
    ) async throws {
        let end = Deadline.after(.seconds(20))
        repeat { try await sweep() } while try await !isDone() && MonotonicTime.now() < end.nanoseconds
    }

    /// What a call knows of itself, made from nowhere.
    func context() -> CallContext {
        CallContext(
            method: AuthenticationServiceMethods.signIn, deadline: .after(.seconds(20)), requestID: nil,
            metadata: Metadata(), trace: .make(),
            connection: ConnectionContext(peer: .program(.gateway), logger: postgres.logger), arena: Arena(),
            startNanoseconds: MonotonicTime.now())
    }

    /// The stored hash of a workspace's first admin.
    func passwordHash(of workspace: Workspace) async throws -> String {
        try await tamper(
            "SELECT password_hash FROM \(workspace.schema).credentials WHERE user_id = '\(workspace.adminID)'")[0]
    }

    /// The number that a query gives, run as the superuser.
    func count(_ query: String) async throws -> Int {
        Int(try await tamper("SELECT (\(query))::text")[0]) ?? -1
    }

    /// Lets the time pass until a deleted workspace's data may go.
    func endGrace(of workspace: Workspace) async throws {
        try await tamper("UPDATE directory.tenants SET purge_at = now() WHERE id = '\(workspace.id)'")
    }

    /// Runs `body` while a transaction of the superuser reads a table.
    func reading<Value>(_ table: String, _ body: () async throws -> Value) async throws -> Value {
        try await postgres.holding("LOCK TABLE \(table) IN ACCESS SHARE MODE", body)
    }

    /// Runs SQL in the directory as the superuser, to make time pass or to look. Gives the rows' first column, as text.
    @discardableResult
    func tamper(_ command: String) async throws -> [String] {
        let rows = try await postgres.rows(command)
        return rows.columnCount == 0 ? [] : try rows.map { try $0.string(0) }
    }
}

/// A number that threads count up.
final class Evaluations: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .sequentiallyConsistent) }

    func increment() { number.add(1, ordering: .sequentiallyConsistent) }
}

/// A tenant of a test. Calls its record types as the first admin, unless told otherwise.
struct Workspace: RecordCalls, Sendable {
    let identity: TestIdentity
    let name: String
    let id: TenantID
    let adminID: UserID

    var admin: Caller { caller(adminID) }

    /// The schema of identity for the tenant, as SQL names it.
    var schema: String { TenantSchema(tenantID: id, service: .identity)?.name ?? "" }

    func caller(_ user: UserID, session: RecordID = .make()) -> Caller {
        Caller(
            kind: .user, tenantID: id, userID: user, sessionID: session, policyEpoch: 1,
            expireTime: Timestamp.now().advanced(by: .seconds(3600)), workspace: name)
    }

    func channel(as user: UserID? = nil, requestID: String? = nil) -> LocalChannel {
        identity.channel(as: caller(user ?? adminID), requestID: requestID)
    }

    func users(as user: UserID? = nil) -> UserServiceClient { UserServiceClient(channel: channel(as: user)) }

    func roleID(_ name: String) async throws -> String {
        try #require(try await list(Role.self, "display_name = \"\(name)\"").first?.id)
    }

    /// Adds a user with built-in roles.
    func addUser(_ name: String, roles: [String] = [], password: String? = nil) async throws -> UserID {
        var ids: [String] = []
        for role in roles { ids.append(try await roleID(role)) }
        let id = try await makeUser(name, roles: ids)
        if let password {
            _ = try await users().setUserPassword(
                SetUserPasswordRequest(id: id.description, password: password))
        }
        return id
    }

    func epoch() async throws -> Int64 {
        let rows = try await identity.identity.directory.read(
            TenantTable.find(id), deadline: .after(.seconds(5)))
        return try TenantRow(rows.one()).policyEpoch
    }

    func policy() async throws -> TenantPolicy {
        let response = try await PolicyServiceClient(channel: identity.channel(as: nil)).getPolicy(
            GetPolicyRequest(tenantID: id.id.bytes))
        return try #require(response.policy)
    }
}

/// The provisioner, for identity's schemas only: says that it made those of the other services too. Or it fails.
final class FakeProvisioner: RPCChannel {
    private struct State {
        var prepared: Set<[UInt8]> = []
        var dropped: Set<[UInt8]> = []
        var isFailing = false
        var others = ["customer", "sales"]
        var beforeDrop: @Sendable () async throws -> Void = {}
        var indexed: [IndexFieldRequest] = []
        var whileIndexing: (@Sendable () async throws -> Void)?
    }

    private let state = Mutex(State())
    /// Makes identity's schemas.
    private let maker: LocalChannel
    /// Knows the other services, too, of which there are no schemas.
    private let dropper: LocalChannel

    init(_ postgres: TestPostgres) {
        let own = IdentityMigrations.tenantStream
        let others = [ServiceName.customer, .sales].map {
            MigrationStream(name: $0.rawValue, kind: .tenant($0), migrations: [], rights: [])
        }
        maker = FakeProvisioner.channel(postgres, [own])
        dropper = FakeProvisioner.channel(postgres, [own] + others)
    }

    private static func channel(_ postgres: TestPostgres, _ streams: [MigrationStream]) -> LocalChannel {
        var router = Router()
        let stock = BlankStock(
            provisioner: postgres.provisioner, streams: streams, wanted: 0, logger: postgres.logger)
        TenantProvisioning(
            database: postgres.owner, streams: streams, stock: stock,
            indexes: FieldIndexes(
                database: postgres.owner, building: postgres.owner, definitions: [], logger: postgres.logger)
        ).register(on: &router)
        return LocalChannel(routes: RouteTable(router), caller: nil, logger: postgres.logger)
    }

    func prepared(_ tenant: TenantID) -> Bool { state.withLock { $0.prepared.contains(tenant.id.bytes) } }
    func dropped(_ tenant: TenantID) -> Bool { state.withLock { $0.dropped.contains(tenant.id.bytes) } }
    func fail(_ fails: Bool) { state.withLock { $0.isFailing = fails } }
    /// The services beside identity that its version knows.
    func know(_ others: [String]) { state.withLock { $0.others = others } }
    /// Has something done before a tenant is dropped.
    func beforeDrop(_ body: @escaping @Sendable () async throws -> Void) { state.withLock { $0.beforeDrop = body } }

    /// What it was asked for about indexes. What is asked for once more is done.
    func indexed(of tenant: TenantID) -> [IndexFieldRequest] {
        state.withLock { $0.indexed.filter { $0.tenantID == tenant.id.bytes } }
    }

    /// Has something happen before the next call about an index comes in.
    func whileIndexing(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.whileIndexing = body }
    }

    private func index(_ request: [UInt8]) async throws -> [UInt8] {
        try await state.withLock { $0.whileIndexing.take() }?()
        let request = try IndexFieldRequest(decoding: request)
        let isKnown = state.withLock { state in
            defer { state.indexed.append(request) }
            return state.indexed.contains(request)
        }
        return (isKnown ? IndexFieldResponse(done: true) : IndexFieldResponse(doneCount: 3, totalCount: 10)).encoded()
    }

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        let fails = state.withLock { $0.isFailing }
        if fails { throw RPCError.unavailable("DOWN", "The service is down.") }
        if method == ProvisioningServiceMethods.indexField {
            do { return try await index(request) } catch { throw RPCError(masking: error) }
        }
        let drops = method == ProvisioningServiceMethods.dropTenant
        if drops {
            let first = state.withLock { $0.beforeDrop }
            do { try await first() } catch { throw RPCError(masking: error) }
        }
        let answer = try await (drops ? dropper : maker).unary(method, request, options)
        do {
            if method == ProvisioningServiceMethods.prepareTenant {
                let wanted = try PrepareTenantRequest(decoding: request)
                state.withLock { _ = $0.prepared.insert(wanted.tenantID ?? []) }
                let others = state.withLock { $0.others }.filter {
                    wanted.services.isEmpty || wanted.services.contains($0)
                }
                let schemas =
                    try PrepareTenantResponse(decoding: answer).schemas
                    + others.map { PreparedSchema(service: $0, schemaVersion: 1, partition: 0) }
                return PrepareTenantResponse(schemas: schemas).encoded()
            }
            let tenant = try DropTenantRequest(decoding: request).tenantID ?? []
            state.withLock { _ = $0.dropped.insert(tenant) }
            return answer
        } catch {
            throw RPCError(masking: error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        throw RPCError.unimplemented("KIND", method.path)
    }
}

/// The reason of the error that `body` throws; nil when it throws none.
func reason<Answer>(_ body: () async throws -> Answer) async throws -> String? { try await refusal(body)?.reason }

/// Runs a test on an event loop, as calls run.
func onLoop(
    ofItsOwn: Bool = false, _ body: @escaping @Sendable (TestIdentity) async throws -> Void
) async throws {
    let identity = try await ofItsOwn ? TestIdentity() : TestIdentity.shared()
    try await identity.postgres.onLoop { try await body(identity) }
}

/// The same with a workspace of its own.
func inWorkspace(
    ofItsOwn: Bool = false, _ body: @escaping @Sendable (TestIdentity, Workspace) async throws -> Void
) async throws {
    try await onLoop(ofItsOwn: ofItsOwn) { identity in try await body(identity, identity.openWorkspace()) }
}
