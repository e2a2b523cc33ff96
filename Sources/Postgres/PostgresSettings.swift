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
    /// Callers that may wait for a connection of one loop; more are refused at once.
    package var waiterCountMax = 1_000
    /// Prepared statements kept on a connection; each costs the backend 10 to 30 KB.
    package var statementCountMax = 1_024
    /// A connection is replaced when one of these is reached: a backend keeps about 160 KB for each tenant that it has
    /// touched and never gives it back.
    package var tenantCountMax = 500
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
