import ArgumentParser
import CustomerService
import IdentityService
import Migrations
import SalesService
import Tenancy

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings the directory and every tenant's schemas to the version of this program.",
        discussion: """
            Each schema is migrated in a transaction of its own. One that fails is parked with its error and stops nobody;
            a run that was broken off is simply run again.

            Example:
              steward migrate --dsn 'host=/run/postgresql user=steward_provisioner dbname=steward'
            """)

    @Option(help: "Connection text of libpq for steward_provisioner.") var dsn: String
    @Flag(help: "Tries again where an earlier run failed.") var retryParked = false
    @Option(help: "Schemas migrated at once.") var concurrency = 4

    private static let streams = MigrationStream.ofTenants([
        IdentityMigrations.tenantStream, CustomerMigrations.stream, SalesMigrations.stream,
    ])

    func validate() throws {
        guard (1...32).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 32") }
    }

    func run() async throws {
        var options = MigrationOptions()
        options.retriesParked = retryParked
        options.concurrency = concurrency
        let failed = try await OwnerSession.with(dsn: dsn) { [options] session in
            let database = OwnerDatabase(
                loop: session.loop, settings: session.settings, workers: session.workers, logger: session.logger)
            let failed = try await Self.migrate(database, options)
            await database.close()
            return failed
        }
        guard failed.isEmpty else {
            for outcome in failed { Terminal.note("parked \(outcome)") }
            throw UsageProblem(
                "\(failed.count) schemas are parked",
                cure: "mend what their errors say, then: steward migrate --retry-parked")
        }
    }

    /// The schemas that need somebody's attention, as text.
    private static func migrate(_ database: OwnerDatabase, _ options: MigrationOptions) async throws -> [String] {
        let count = try await DirectoryMigrator(database: database).migrate(IdentityMigrations.directoryStream)
        Terminal.line("directory: " + (count == 0 ? "up to date" : "\(count) migrations applied"))
        var failed: [String] = []
        for stream in streams {
            let report = try await MigrationRunner(database: database).migrateTenants(stream, options: options) {
                outcome in
                if case .migrated(let count) = outcome.result {
                    Terminal.line("\(outcome.schema.name): \(count) migrations applied")
                }
            }
            Terminal.line(
                "\(stream.name): \(report.migratedCount) schemas migrated, \(report.currentCount) up to date"
                    + (report.isStoppedAfterCanary ? ", stopped after the first one failed" : ""))
            failed += report.failed.map { outcome in "\(outcome.schema.name): \(error(of: outcome.result))" }
        }
        return failed
    }

    private static func error(of result: SchemaOutcome.Result) -> String {
        switch result {
        case .parked(let error), .skipped(let error): error
        case .migrated, .current: ""
        }
    }
}
