import AccessControl
import Contracts
import Logging
import Migrations
import Postgres
import Records
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import RPC

/// A tenant with people, and an engine that serves accounts, contacts and activities.
struct World: Sendable {
    let postgres: TestPostgres
    let tenant: TestTenant
    let database: TenantDatabase
    let engine: RecordEngine
    let sales: FakeSales
    let policies: FakePolicies
    private let routes: [String: Router.Route]
    let people = People()

    /// Runs `body` on an event loop with a tenant of its own.
    static func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(.customer, poolSize: 4)
        try await postgres.withTenant(SampleSchema.stream) { tenant in
            let world = try World(postgres, tenant, databases)
            try await body(world)
        }
        await databases.close(deadline: 0)
    }

    init(_ postgres: TestPostgres, _ tenant: TestTenant, _ databases: DatabaseSet) throws {
        self.postgres = postgres
        self.tenant = tenant
        database = TenantDatabase(
            service: .customer, databases: databases, placements: SinglePlacement(), schemaVersions: 3...3)
        sales = FakeSales()
        policies = FakePolicies()
        engine = try RecordEngine(
            database: database, policies: policies,
            types: [SampleSchema.account, SampleSchema.contact, SampleSchema.activity], references: sales,
            pageTokenKey: Array(repeating: 9, count: 32))
        var router = Router()
        try engine.register(on: &router)
        routes = Dictionary(uniqueKeysWithValues: router.routes.map { ($0.method.path, $0) })
        let snapshot = people.snapshot(of: tenant.id)
        policies.snapshots.withLock { $0[tenant.id] = snapshot }
    }

    func context(_ method: MethodDefinition, as user: UserID, requestID: String? = nil) -> CallContext {
        let context = CallContext(
            method: method, deadline: .after(.seconds(20)), requestID: requestID, trace: .make(),
            connection: ConnectionContext(peer: .client(address: "test"), logger: postgres.logger), arena: Arena(),
            startNanoseconds: 0)
        context.caller = Caller(
            kind: .user, tenantID: tenant.id, userID: user, sessionID: .make(), policyEpoch: 1,
            expireTime: .now(),
            workspace: "test")
        return context
    }

    /// Calls a method as a user; the admin unless told otherwise.
    func call<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _ request: Request, as user: UserID? = nil, requestID: String? = nil,
        giving: Response.Type = Response.self
    ) async throws -> Response {
        let context = context(method, as: user ?? people.admin, requestID: requestID)
        let route = try #require(routes[method.path])
        let answer = try #require(try await route.answer(request.message(in: context.arena), context))
        return try Response(decoding: answer)
    }

    /// The error that a call ends with.
    func refusal(
        _ method: MethodDefinition, _ request: some WireMessage, as user: UserID? = nil,
        requestID: String? = nil
    ) async throws -> RPCError {
        let context = context(method, as: user ?? people.admin, requestID: requestID)
        let route = try #require(routes[method.path])
        do {
            _ = try await route.answer(request.message(in: context.arena), context)
        } catch let error as RPCError {
            return error
        }
        Issue.record("\(method.name) was not refused")
        return .unavailable("NOT_REFUSED", "")
    }

    /// Creates an account and answers it as stored.
    @discardableResult
    func create(_ account: Account, as user: UserID? = nil, requestID: String? = nil) async throws -> Account {
        let response: CreateAccountResponse = try await call(
            AccountServiceMethods.createAccount, CreateAccountRequest(account: account), as: user,
            requestID: requestID)
        return try #require(response.account)
    }

    func get(_ id: String?, as user: UserID? = nil) async throws -> Account {
        let response: GetAccountResponse = try await call(
            AccountServiceMethods.getAccount, GetAccountRequest(id: id), as: user)
        return try #require(response.account)
    }

    func update(_ account: Account, _ mask: [String] = [], as user: UserID? = nil, requestID: String? = nil)
        async throws -> Account
    {
        let response: UpdateAccountResponse = try await call(
            AccountServiceMethods.updateAccount, UpdateAccountRequest(account: account, updateMask: mask),
            as: user,
            requestID: requestID)
        return try #require(response.account)
    }

    func list(_ request: ListAccountsRequest, as user: UserID? = nil) async throws -> ListAccountsResponse {
        try await call(AccountServiceMethods.listAccounts, request, as: user)
    }

    /// One number from the tenant's schema.
    func count(_ statement: StaticString) async throws -> Int64 {
        let rows = try await database.read(
            tenant.caller, deadline: TestPostgres.deadline(), Statement(statement), Parameters())
        return try rows.one().int64(0)
    }
}
