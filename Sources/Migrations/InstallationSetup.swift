package import Logging
package import Postgres
package import Reactor
package import Tenancy

/// Makes the logins and the database of an installation, as a superuser. Safe to repeat: what is there stays, passwords
/// and attributes are set again.
///
/// - `steward_provisioner` owns the database and the schemas and may make roles.
/// - `steward_<service>_<n>`, one per partition, may connect and nothing else: it gets its rights, tenant by tenant, as
///   a member of the tenants' roles, and only while a transaction assumes one (NOINHERIT).
package struct InstallationSetup: Sendable {
    /// Letters, digits and underscores, beginning with a letter.
    package let database: String
    /// Partition logins for each service whose data lies in this database.
    package let partitions: [ServiceName: Int]
    /// By login; a login without a password can come in by peer or certificate only.
    package let passwords: [String: String]

    /// More partition logins than this are a mistake: a login serves some hundreds of tenants.
    package static let partitionCountMax = 1_000

    package init(database: String, partitions: [ServiceName: Int], passwords: [String: String] = [:]) {
        precondition(SQLText.isPlainName(database), "\(database) is not a plain name for a database")
        precondition(
            partitions.values.allSatisfy { (1...Self.partitionCountMax).contains($0) },
            "a service has 1 to \(Self.partitionCountMax) partitions")
        self.database = database
        self.partitions = partitions
        self.passwords = passwords
    }

    /// All logins that it makes, the provisioner first.
    package var logins: [String] {
        [InstallationNames.provisioner] + serviceLogins
    }

    private var serviceLogins: [String] {
        ServiceName.dataServices.flatMap { service in
            (0..<(partitions[service] ?? 0)).map { InstallationNames.login(service, partition: $0) }
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
            let attributes = login == InstallationNames.provisioner ? "LOGIN CREATEROLE" : "LOGIN NOINHERIT"
            let password = passwords[login]
            try await cluster.transaction(for: nil) { transaction in
                let exists = try await !transaction.query(Self.roleExists, Self.parameter(login)).isEmpty
                try transaction.enqueue(
                    unsafeCommand: "\(exists ? "ALTER" : "CREATE") ROLE \(login) \(attributes)")
                guard let password else { return }
                let verifier = try transaction.passwordVerifier(password, user: login)
                try transaction.enqueue(
                    unsafeCommand: "ALTER ROLE \(login) PASSWORD \(SQLText.literal(verifier))")
            }
        }
    }

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
        var commands = [
            "ALTER DATABASE \(database) OWNER TO \(InstallationNames.provisioner)",
            "REVOKE ALL ON DATABASE \(database) FROM PUBLIC",
            "GRANT CONNECT ON DATABASE \(database) TO \(everybody)",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            // A backend may tell its own memory, by which the pool knows when to replace it.
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_get_backend_memory_contexts() TO \(everybody)",
        ]
        if partitions[.identity] != nil {
            commands.append(
                "CREATE SCHEMA IF NOT EXISTS \(InstallationNames.directory) AUTHORIZATION \(InstallationNames.provisioner)"
            )
        }
        try await own.transaction(for: nil) { [commands] transaction in
            for command in commands { try transaction.enqueue(unsafeCommand: command) }
        }
    }

    private static func parameter(_ text: String) -> Parameters {
        var parameters = Parameters()
        parameters.append(text)
        return parameters
    }
}
