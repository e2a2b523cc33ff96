import Migrations
import Postgres
import Settings
import Tenancy
import TenantDatabase

extension Host.Storage {
    /// The pools of a program. Its connections are shared out over loops and partitions, at least one each.
    init(_ database: HostSettings.Database, _ run: ProcessRun) {
        let pools = run.settings.loops * database.partitions
        let size = max(1, database.connections / pools)
        let partitions = (0..<database.partitions).map { partition in
            var settings = PostgresSettings(dsn: database.dsn.reveal(), poolSize: size)
            // The DSN names the login of partition 0; the others differ in their number only.
            if partition > 0 { settings.user = InstallationNames.login(run.name, partition: partition) }
            settings.applicationName = "steward-\(run.name.rawValue)"
            settings.tenantSharePercent = database.tenantSharePercent
            settings.longScanCountMax = database.longScans
            settings.readTimeout = database.readTimeout
            return settings
        }
        databases = DatabaseSet(
            loops: run.loops, endpoints: [DatabaseEndpoint(partitions: partitions)], workers: run.workers,
            logger: run.logger)
    }
}
