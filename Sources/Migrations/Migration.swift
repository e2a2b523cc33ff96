import Credentials
package import Tenancy

/// One step of a schema, applied once, in order, and never changed afterwards.
package struct Migration: Sendable, Hashable {
    package let number: Int
    package let name: String
    package let sql: String

    /// `sql` may hold several commands. In a tenant stream `{schema}` stands for the tenant's schema.
    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }

    /// From a file that the build embedded: `PackageResources.customer_0001_create_accounts_sql`.
    package init(number: Int, name: String, sql: [UInt8]) {
        self.init(number: number, name: name, sql: String(decoding: sql, as: UTF8.self))
    }

    /// SHA-256 of the text, in hexadecimal. The ledger keeps it, and a migration that was changed later is refused.
    package var checksum: String {
        let digits = Array("0123456789abcdef".utf8)
        let digest = TokenDigest.sha256(Array(sql.utf8))
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The migrations of one kind of schema, numbered 1, 2, 3, …
package struct MigrationStream: Sendable {
    package enum Kind: Sendable, Hashable {
        /// The schemas of all tenants in one service.
        case tenant(ServiceName)
        /// The one schema `directory`.
        case directory
    }

    package let name: String
    package let kind: Kind
    package let migrations: [Migration]
    /// What comes before them in every tenant schema, whatever the service; none in the directory.
    package let base: [Migration]
    /// What the service may do with the tables of these.
    let baseRights: [TableRights]
    /// What the service may do with the tables that the migrations make.
    package let rights: [TableRights]
    /// The versions of a schema that the program works with: its own. Once there is a release it begins with that one's, so that
    /// programs can be upgraded first and schemas after them.
    package var accepted: ClosedRange<Int> { version...version }

    package init(
        name: String, kind: Kind, migrations: [Migration], rights: [TableRights], base: [Migration] = Self.everySchema,
        baseRights: [TableRights] = Self.everySchemaRights
    ) {
        precondition(
            migrations.map(\.number) == Array(1..<migrations.count + 1),
            "the migrations of \(name) are numbered 1, 2, 3, … in order")
        self.name = name
        self.kind = kind
        self.migrations = migrations
        self.rights = rights
        self.base = kind == .directory ? [] : base
        self.baseRights = kind == .directory ? [] : baseRights
    }

    /// Whose tenants' schemas it is for; nil for the directory's.
    package var service: ServiceName? {
        if case .tenant(let service) = kind { service } else { nil }
    }

    /// The streams of an installation, which each program that makes or upgrades tenants' schemas lists: there is one for each
    /// service that keeps data of tenants, in their order.
    package static func ofTenants(_ streams: [MigrationStream]) -> [MigrationStream] {
        precondition(
            streams.map(\.kind) == ServiceName.dataServices.map { .tenant($0) },
            "there is a stream for each service that keeps data of tenants, in their order")
        return streams
    }

    /// The version of a schema to which all are applied, those of the base included.
    package var version: Int { base.count + migrations.count }
}

extension MigrationStream {
    /// What every tenant schema has, whatever the service. Applied before the service's own stream.
    package static let everySchema: [Migration] = [
        Migration(number: 1, name: "create_base", sql: PackageResources.tenant_0001_create_base_sql),
        Migration(number: 2, name: "drop_delivery", sql: PackageResources.tenant_0002_drop_delivery_sql),
        Migration(number: 3, name: "tell_purposes", sql: PackageResources.tenant_0003_tell_purposes_sql),
        Migration(number: 4, name: "drop_write_fence", sql: PackageResources.tenant_0004_drop_write_fence_sql),
        Migration(number: 5, name: "number_ledger", sql: PackageResources.tenant_0005_number_ledger_sql),
        Migration(number: 6, name: "create_jobs", sql: PackageResources.tenant_0006_create_jobs_sql),
        Migration(
            number: 7, name: "create_read_budgets", sql: PackageResources.tenant_0007_create_read_budgets_sql),
        Migration(number: 8, name: "allow_purges", sql: PackageResources.tenant_0008_allow_purges_sql),
        Migration(number: 9, name: "index_jobs", sql: PackageResources.tenant_0009_index_jobs_sql),
        Migration(number: 10, name: "name_job_steps", sql: PackageResources.tenant_0010_name_job_steps_sql),
        Migration(number: 11, name: "tighten_purges", sql: PackageResources.tenant_0011_tighten_purges_sql),
        Migration(number: 12, name: "find_jobs", sql: PackageResources.tenant_0012_find_jobs_sql),
    ]

    static let baseName = "tenant"

    /// The ledger is added to and never changed, and nobody chooses the transaction or position of a row, on which the feed relies. A
    /// values of what has been purged are removed by a rule on `purgeable_records`, which decides what may go. A
    /// stored answer is never changed either: looking for old ones with SKIP LOCKED asks for the right to change some column.
    package static let everySchemaRights =
        TableRights.read("schema_migrations")
        + [
            TableRights("meta", "SELECT, UPDATE (feed_floor)"),
            TableRights("ledger", "SELECT, INSERT (\(ledgerColumns))"),
            TableRights("ledger_position_seq", "USAGE"),
            TableRights("ledger_marks", "SELECT, INSERT (night), DELETE"),
            TableRights("purgeable_records", "SELECT, UPDATE (is_forgotten)"),
            TableRights("feed_consumers", "SELECT, INSERT, UPDATE (cursor, updated_at)"),
            TableRights("requests", "SELECT, INSERT, UPDATE (created_at), DELETE"),
        ] + TableRights.passing("jobs", changing: jobColumns)
        + TableRights.kept("read_budgets", changing: ["day", "row_count"])

    /// What a service writes of a ledger row.
    private static let ledgerColumns =
        "id, occurred_at, actor_id, on_behalf_of_id, purpose, method, object, record_id, record_version, before, after, "
        + "request_id, trace_id"

    /// What changes of a job. What it is, and for whom, does not.
    private static let jobColumns = [
        "key", "state", "due_at", "attempts", "lease_holder_id", "lease_number", "checkpoint", "step", "progress_done",
        "progress_total", "cancel_asked_at", "last_error", "report", "started_at", "ended_at", "scheduled_at",
    ]
}
