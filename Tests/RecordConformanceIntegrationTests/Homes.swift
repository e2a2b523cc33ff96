import Catalogue
import Contracts
import Credentials
import CustomerService
import IdentityContracts
import Migrations
import RPC
import SalesService
import ServiceHost
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Wire

@testable import IdentityService

/// Where the records of a service live in these tests. A service that is new here comes into `definitions`.
enum Homes {
    private static let definitions = [CustomerService.definition, SalesService.definition]

    /// Runs `body` with a tenant of its own.
    static func run(
        _ service: String, _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        if service == ServiceName.identity.rawValue { return try await Workspaces.shared().run(body) }
        try await TestService.run(try await definition(of: service), body)
    }

    /// Runs `body` with a tenant whose schema lacks the newest migration of those that every schema has, and what rests on it; `upgrade` brings it up to date, as
    /// `steward migrate` does.
    static func runBehind(
        _ service: String,
        _ body: @escaping @Sendable (TestService, _ upgrade: @Sendable () async throws -> Void) async throws -> Void
    ) async throws {
        let definition = try await definition(of: service)
        let stream = definition.stream
        let migrations = Array(stream.migrations.prefix { !$0.sql.contains("{schema}.purgeable_records") })
        let behind = MigrationStream(
            name: stream.name, kind: stream.kind, migrations: migrations,
            rights: stream.rights.filter { right in
                migrations.contains { $0.sql.contains("{schema}.\(right.table)") }
            }, base: stream.base.dropLast(),
            baseRights: TableRights.read("meta"))
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(definition.name)
        try await postgres.withTenant(behind) { tenant in
            try await body(TestService(definition, postgres, tenant, databases)) {
                _ = try await postgres.provisioner.prepare(tenant.id, stream: stream, partition: 0)
            }
        }
        await databases.close(deadline: 0)
    }

    private static func definition(of service: String) async throws -> ServiceDefinition {
        if service == ServiceName.identity.rawValue { return try await Workspaces.shared().identity.definition }
        guard let definition = definitions.first(where: { $0.name.rawValue == service }) else {
            throw UnservedType(name: service)
        }
        return definition
    }
}

/// Workspaces that identity has made: the rules of its record types read the directory, and the row of who calls. So the admin
/// is the one that CreateTenant makes; what others may do is made up, as for other services.
private struct Workspaces: Sendable {
    let postgres: TestPostgres
    let identity: Identity

    static func shared() async throws -> Workspaces { try await started.value }

    private static let started = Task { try await Workspaces() }

    private init() async throws {
        postgres = try await TestPostgres.shared()
        _ = try await DirectoryMigrator(database: postgres.owner).migrate(IdentityMigrations.directoryStream)
        let directory = DatabaseSet(
            loops: postgres.loops, endpoints: [DatabaseEndpoint(partitions: [postgres.settings(.identity)])],
            workers: postgres.workers, logger: postgres.logger)
        identity = try Identity(
            IdentityParts(
                databases: postgres.databases(.identity), directory: DirectoryDatabase(databases: directory),
                provisioner: ProvisioningServiceClient(channel: SchemaMaker(postgres: postgres)),
                records: ContractCatalogue.all.records, minter: CallerTokenMinter(keys: [:]),
                services: [.customer: SchemaMaker(postgres: postgres)],
                passwordWorkers: postgres.workers, passwordsWaitingMax: 1_000,
                pageTokenKey: Array(repeating: 7, count: 32), logger: postgres.logger))
    }

    func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        let databases = postgres.databases(.identity, poolSize: 4)
        try await postgres.onLoop {
            try await body(TestService(identity.definition, postgres, try await makeTenant(), databases))
        }
        await databases.close(deadline: 0)
    }

    private func makeTenant() async throws -> TestTenant {
        let caller = Caller(
            kind: .operator, tenantID: nil, userID: UserID(.make()), sessionID: .make(), policyEpoch: 0,
            expireTime: .now().advanced(by: .seconds(60)), workspace: "")
        let channel = LocalChannel(
            routes: RouteTable(try identity.router()), caller: caller, logger: postgres.logger)
        let created = try await TenantServiceClient(channel: channel).createTenant(
            CreateTenantRequest(
                workspace: "c-\(RecordID.make().text.suffix(12))", displayName: "Test", adminEmail: "admin@example.com",
                adminDisplayName: "Admin", adminPassword: "correct horse battery"))
        guard let id = TenantID(created.tenant?.id ?? ""), let admin = UserID(created.adminUserID ?? "") else {
            throw RPCError.unavailable("TENANT_MISSING", "The answer has no tenant.")
        }
        return TestTenant(id: id, userID: admin)
    }
}

/// The provisioner, as far as a tenant needs it that is only to be in identity.
private struct SchemaMaker: RPCChannel {
    let postgres: TestPostgres

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        do {
            let wanted = try PrepareTenantRequest(decoding: request)
            guard let tenant = RecordID(bytes: wanted.tenantID ?? []).map({ TenantID($0) }) else {
                throw RPCError.unimplemented("KIND", method.path)
            }
            _ = try await postgres.provisioner.prepare(tenant, stream: IdentityMigrations.tenantStream, partition: 0)
            let schemas = ServiceName.dataServices.map { service in
                PreparedSchema(
                    service: service.rawValue, schemaVersion: Int32(IdentityMigrations.tenantStream.version),
                    partition: 0)
            }
            return PrepareTenantResponse(schemas: schemas).encoded()
        } catch {
            throw RPCError(masking: error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        throw RPCError.unimplemented("KIND", method.path)
    }
}
