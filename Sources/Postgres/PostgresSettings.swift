/// How to reach PostgreSQL and how much of it to use. Each event loop has its own pool, so a program opens up to
/// loops × partitions × `poolSize` connections.
package struct PostgresSettings: Sendable {
    /// A connection string of libpq: `host=/run/postgresql dbname=steward user=…` or `postgresql://…`. It must lead
    /// to PostgreSQL itself and name one host.
    package var dsn: String
    /// Replace the database, the user and the password of the DSN: logins share one DSN.
    package var database: String?
    package var user: String?
    package var password: String?
    /// The name of the database in metrics.
    package var name = "default"
    /// Shown by `pg_stat_activity`.
    package var applicationName = "steward"
    /// Connections per loop, at least 1.
    package var poolSize: Int
    /// Callers that may wait for a connection of one loop; more are refused at once. A quarter of them for one tenant.
    package var waiterCountMax = 1_000
    /// What one tenant may have of the connections of a loop, in percent of those that are not lent to others: with 50 it has
    /// as many as are free at most, so half when it is alone.
    package var tenantSharePercent = 50
    /// Scans of all tenants known to take long that run at a time on one loop; a tenant runs one at most.
    package var longScanCountMax = 2
    /// How long a transaction that only reads may take with its connection; nil leaves it to the deadline.
    package var readTimeout: Duration?
    /// Prepared statements kept on a connection; each costs the backend 10 to 30 KB.
    package var statementCountMax = 1_024
    /// A connection is replaced when one of these comes near: a backend keeps about 160 KB for each tenant that it has
    /// touched and never gives it back.
    package var backendBytesMax = 256 << 20
    package var connectionAgeMax: Duration = .seconds(3600)
    /// How long opening a connection may take.
    package var connectTimeout: Duration = .seconds(5)
    /// A pooler that holds one server connection for each of ours (PgBouncer in session mode) may stand between.
    /// In transaction mode prepared statements break, and the program refuses to start.
    package var isSessionPoolerAllowed = false

    package init(dsn: String, user: String? = nil, password: String? = nil, poolSize: Int = 4) {
        self.dsn = dsn
        self.user = user
        self.password = password
        self.poolSize = poolSize
    }
}

extension PostgresSettings: CustomStringConvertible, CustomReflectable {
    /// Names no secret: a DSN may hold a password.
    package var description: String {
        "PostgresSettings(user: \(user ?? "of the DSN"), poolSize: \(poolSize))"
    }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
