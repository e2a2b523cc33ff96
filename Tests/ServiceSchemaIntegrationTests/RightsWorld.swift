import CustomerService
import IdentityService
import Migrations
import Postgres
import Reactor
import SalesService
import Tenancy
import TestPostgres

/// A database of its own with one tenant in all services, as an installation has it.
struct RightsWorld: Sendable {
    let postgres: TestPostgres
    let tenant = TenantID(RecordID.make())
    let database = "steward_rights_\(UInt32.random(in: 0 ... .max))"

    static let streams = [IdentityMigrations.tenantStream, CustomerMigrations.stream, SalesMigrations.stream]

    init() async throws {
        let postgres = try await TestPostgres.shared()
        self.postgres = postgres
        let partitions = Dictionary(uniqueKeysWithValues: ServiceName.dataServices.map { ($0, 1) })
        try await InstallationSetup(
            database: database, partitions: partitions, connectionsMax: TestPostgres.connectionsMax
        ).run(
            superuser: postgres.superuser, loop: postgres.loops.loops[0], workers: postgres.workers,
            logger: postgres.logger)
        let owner = self.owner()
        _ = try await DirectoryMigrator(database: owner).migrate(IdentityMigrations.directoryStream)
        for stream in Self.streams {
            _ = try await TenantProvisioner(database: owner).prepare(tenant, stream: stream, partition: 0)
        }
        await owner.close()
    }

    func owner() -> OwnerDatabase {
        OwnerDatabase(
            loop: postgres.loops.loops[0], settings: settings(InstallationNames.provisioner), workers: postgres.workers,
            logger: postgres.logger)
    }

    /// Settings of a login, nil for the superuser.
    func settings(_ login: String?, database other: String? = nil) -> PostgresSettings {
        var settings = postgres.superuser
        settings.database = other ?? database
        settings.poolSize = 1
        if let login { settings.user = login }
        return settings
    }

    func schema(_ service: ServiceName) -> String {
        TenantSchema(tenantID: tenant, service: service)?.name ?? ""
    }

    /// Runs `body` while a transaction of the superuser has done `command`, and takes that back.
    func holding(_ command: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        struct Undone: Error {}
        do {
            try await withPool(settings(nil)) { pool in
                try await pool.transaction(TestPostgres.scope(.seconds(60))) { transaction -> Void in
                    try transaction.enqueue(unsafeCommand: command)
                    _ = try await transaction.query(Statement("SELECT 1"), Parameters())
                    try await body()
                    throw Undone()
                }
            }
        } catch is Undone {}
    }

    /// The rows of a query as the superuser: each a line of its columns, which are text.
    func rows(_ query: String) async throws -> [String] {
        try await withPool(settings(nil)) { pool in
            let rows = try await pool.run(TestPostgres.scope(), Statement(unsafeGenerated: query), Parameters())
            return try rows.map { row in
                try (0..<rows.columnCount).map { try row.string($0) }.joined(separator: " | ")
            }
        }
    }

    /// The error of a command as a login, in the role of its tenant if one is named; nil when it succeeds.
    func error(of command: String, as login: String, role: String? = nil) async throws -> PostgresError? {
        try await failure(settings(login)) { pool in
            guard let role else {
                return try await pool.run(unsafeCommand: command, deadline: TestPostgres.deadline())
            }
            try await pool.transaction(TestPostgres.scope()) { transaction in
                try transaction.enqueue(unsafeCommand: "SET LOCAL ROLE \(role)")
                try transaction.enqueue(unsafeCommand: command)
                _ = try await transaction.query(Statement("SELECT 1"), Parameters())
            }
        }
    }

    /// Why a login does not get into a database; nil when it does.
    func refusal(of login: String, to database: String) async throws -> String? {
        try await failure(settings(login, database: database)) { pool in
            _ = try await pool.verify(deadline: TestPostgres.deadline())
        }?.message
    }

    private func failure(
        _ settings: PostgresSettings, _ body: @escaping @Sendable (PostgresPool) async throws -> Void
    ) async throws -> PostgresError? {
        do {
            try await withPool(settings, body)
            return nil
        } catch let error as PostgresError {
            return error
        }
    }

    private func withPool<Value: Sendable>(
        _ settings: PostgresSettings, _ body: @escaping @Sendable (PostgresPool) async throws -> Value
    ) async throws -> Value {
        try await postgres.onLoop { try await postgres.withPool(settings, body) }
    }
}
