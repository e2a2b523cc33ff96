package import Logging
package import Postgres
package import Reactor
package import Tenancy

/// Makes the logins and the database of an installation, as a superuser. Safe to repeat: what is there stays, passwords
/// and attributes are set again.
///
/// - `steward_provisioner` owns the database and the schemas and may make roles.
/// - `steward_<service>_<n>`, one per partition, may connect, to this database, so many times at once, and nothing else:
///   it gets its rights, tenant by tenant, as a member of the tenants' roles, and only while a transaction assumes one
///   (NOINHERIT).
///
/// Everybody's rights to the databases `postgres` and `template1` are taken back, and in its own database those to large
/// objects and to code in plpgsql: deploy/postgres/rights.md lists what is left.
package struct InstallationSetup: Sendable {
    /// Letters, digits and underscores, beginning with a letter.
    package let database: String
    /// Partition logins for each service whose data lies in this database.
    package let partitions: [ServiceName: Int]
    /// Connections that a service's login may have at once; see `connectionsMax(connections:loops:instances:)`.
    package let connectionsMax: Int
    /// By login; a login without a password can come in by peer or certificate only.
    package let passwords: [String: String]

    /// More partition logins than this are a mistake: a login serves some hundreds of tenants.
    package static let partitionCountMax = 1_000

    /// Connections of the owner: of the provisioner, twice while it is replaced, and of `steward migrate`.
    package static let ownerConnectionsMax = 46

    /// Connections that a service's login needs: for each instance those of its setting, at least one for each loop, half
    /// as many again for identity's directory, at least two for each loop; twice, since connections are replaced while
    /// they are in use; and a few for an operator's commands.
    package static func connectionsMax(connections: Int, loops: Int, instances: Int) -> Int {
        instances * 2 * (max(connections, loops) + max(connections / 2, 2 * loops)) + 4
    }

    package init(
        database: String, partitions: [ServiceName: Int], connectionsMax: Int, passwords: [String: String] = [:]
    ) {
        precondition(SQLText.isPlainName(database), "\(database) is not a plain name for a database")
        precondition(
            partitions.values.allSatisfy { (1...Self.partitionCountMax).contains($0) },
            "a service has 1 to \(Self.partitionCountMax) partitions")
        self.database = database
        self.partitions = partitions
        self.connectionsMax = connectionsMax
        self.passwords = passwords
    }

    /// All logins that it makes, the provisioner first.
    package var logins: [String] {
        [InstallationNames.provisioner] + serviceLogins
    }

    private var serviceLogins: [String] {
        partitions.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { service, count in
            (0..<count).map { InstallationNames.login(service, partition: $0) }
        }
    }

    /// `superuser`: settings that lead to any existing database of the cluster, such as `postgres`.
    /// - Throws: `PostgresError`; running it again takes up where it stopped.
    package func run(
        superuser: PostgresSettings, loop: EventLoop, workers: WorkerPool, logger: Logger
    ) async throws {
        let cluster = OwnerDatabase(loop: loop, settings: superuser, workers: workers, logger: logger)
        do {
            try await makeLogins(cluster)
            try await makeDatabase(cluster)
            try await closeOtherDatabases(cluster)
        } catch {
            await cluster.close()
            throw error
        }
        await cluster.close()
        var inside = superuser
        inside.database = database
        let own = OwnerDatabase(loop: loop, settings: inside, workers: workers, logger: logger)
        do {
            try await prepareDatabase(own)
        } catch {
            await own.close()
            throw error
        }
        await own.close()
    }

    private static let roleExists = Statement("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1")
    private static let databaseExists = Statement("SELECT FROM pg_catalog.pg_database WHERE datname = $1")

    private func makeLogins(_ cluster: OwnerDatabase) async throws {
        for login in logins {
            let attributes = attributes(of: login)
            let password = passwords[login]
            try await cluster.transaction(for: nil) { transaction in
                let exists = try await !transaction.query(Self.roleExists, Self.parameter(login)).isEmpty
                try transaction.enqueue(
                    unsafeCommand: "\(exists ? "ALTER" : "CREATE") ROLE \(login) \(attributes)")
                for (setting, value) in ServerLogSettings.ofLogins {
                    try transaction.enqueue(unsafeCommand: "ALTER ROLE \(login) SET \(setting) = \(value)")
                }
                guard let password else { return }
                let verifier = try transaction.passwordVerifier(password, user: login)
                for command in Self.unlogged { try transaction.enqueue(unsafeCommand: command) }
                try transaction.enqueue(
                    unsafeCommand: "ALTER ROLE \(login) PASSWORD \(SQLText.literal(verifier))")
            }
        }
    }

    /// The command that sets a password holds what it is checked by; it is in no log, however slow it is and whatever else is logged.
    private static let unlogged = [
        "SET LOCAL log_statement = 'none'", "SET LOCAL log_min_duration_statement = -1",
        "SET LOCAL log_min_duration_sample = -1", "SET LOCAL log_duration = off",
        "SET LOCAL log_min_error_statement = 'panic'",
    ]

    private func attributes(of login: String) -> String {
        let plain = "LOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS"
        return login == InstallationNames.provisioner
            ? "\(plain) CREATEROLE CONNECTION LIMIT \(Self.ownerConnectionsMax)"
            : "\(plain) NOCREATEROLE NOINHERIT CONNECTION LIMIT \(connectionsMax)"
    }

    /// Everybody may connect to a database unless that is taken back.
    private func closeOtherDatabases(_ cluster: OwnerDatabase) async throws {
        try await cluster.transaction(for: nil) { transaction in
            for row in try await transaction.query(Self.openDatabases, Parameters()) {
                try transaction.enqueue(
                    unsafeCommand: "REVOKE CONNECT, TEMPORARY ON DATABASE \(try row.string(0)) FROM PUBLIC")
            }
        }
    }

    private static let openDatabases = Statement(
        "SELECT datname::text FROM pg_catalog.pg_database WHERE datname IN ('postgres', 'template1') ORDER BY 1")

    /// CREATE DATABASE is no part of a transaction.
    private func makeDatabase(_ cluster: OwnerDatabase) async throws {
        let exists = try await cluster.transaction(for: nil) { [database] transaction in
            try await !transaction.query(Self.databaseExists, Self.parameter(database)).isEmpty
        }
        guard !exists else { return }
        try await cluster.run(
            unsafeCommand: """
                CREATE DATABASE \(database) OWNER \(InstallationNames.provisioner) ENCODING 'UTF8' \
                LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0
                """)
    }

    private func prepareDatabase(_ own: OwnerDatabase) async throws {
        let everybody = logins.joined(separator: ", ")
        let provisioner = InstallationNames.provisioner
        var commands = [
            "ALTER DATABASE \(database) OWNER TO \(InstallationNames.provisioner)",
            "REVOKE ALL ON DATABASE \(database) FROM PUBLIC",
            "GRANT CONNECT ON DATABASE \(database) TO \(everybody)",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
            "GRANT USAGE ON LANGUAGE plpgsql TO \(provisioner)",
            "CREATE SCHEMA IF NOT EXISTS \(TrigramExtension.schema)",
            "CREATE EXTENSION IF NOT EXISTS \(TrigramExtension.name) WITH SCHEMA \(TrigramExtension.schema)",
            "GRANT USAGE ON SCHEMA \(TrigramExtension.schema) TO \(provisioner)",
            // A backend may tell its own memory, by which the pool knows when to replace it.
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_get_backend_memory_contexts() TO \(everybody)",
        ]
        if partitions[.identity] != nil {
            commands.append(
                "CREATE SCHEMA IF NOT EXISTS \(InstallationNames.directory) AUTHORIZATION \(provisioner)"
            )
        }
        try await own.transaction(for: nil) { [commands] transaction in
            for command in commands { try transaction.enqueue(unsafeCommand: command) }
            for row in try await transaction.query(Self.largeObjectFunctions, Parameters()) {
                try transaction.enqueue(
                    unsafeCommand: "REVOKE EXECUTE ON FUNCTION \(try row.string(0)) FROM PUBLIC")
            }
        }
    }

    /// Large objects belong to no schema: whoever may make them fills the disk outside of every tenant.
    private static let largeObjectFunctions = Statement(
        #"""
        SELECT oid::regprocedure::text FROM pg_catalog.pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite'))
        ORDER BY 1
        """#)

    private static func parameter(_ text: String) -> Parameters {
        var parameters = Parameters()
        parameters.append(text)
        return parameters
    }
}
