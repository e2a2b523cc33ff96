import Foundation
import Migrations
import Postgres
import Tenancy
import Testing

/// What each login, and the role of a tenant in each service, can reach: by the catalogue, compared with the table that an
/// operator reads, and by trying.
@Suite struct RightsTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "deploy/postgres/rights.md")

    @Test func everyLoginReachesWhatTheTableSaysAndNoMore() async throws {
        let world = try await RightsWorld()
        let prefix = String(world.schema(.identity).dropLast(2))
        let logins = [InstallationNames.provisioner] + ServiceName.dataServices.map { Self.login($0) }
        var actual: [String] = []
        for role in logins + ServiceName.dataServices.map(world.schema) {
            let query = RightsCatalogue.query(
                role, databases: [world.database, "postgres", "template1"], tenant: prefix)
            for row in try await world.rows(query) {
                let line = "| \(role) | \(row) |"
                actual.append(
                    line.replacingOccurrences(of: prefix, with: "t_…_")
                        .replacingOccurrences(of: world.database, with: "steward"))
            }
        }
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let expected = page.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("| steward_") || $0.hasPrefix("| t_")
        }
        let (missing, further) = (expected.filter { !actual.contains($0) }, actual.filter { !expected.contains($0) })
        #expect(missing == [], "the table says what is not so")
        #expect(further == [], "the table must say:\n\(actual.joined(separator: "\n"))")
    }

    @Test func aServicesLoginGetsIntoNoOtherDatabase() async throws {
        let world = try await RightsWorld()
        for service in ServiceName.dataServices {
            #expect(try await world.refusal(of: Self.login(service), to: world.database) == nil)
            for database in ["postgres", "template1"] {
                let said = try await world.refusal(of: Self.login(service), to: database)
                #expect(
                    said?.contains("permission denied for database") == true, "\(service) \(database): \(said ?? "")")
            }
        }
    }

    @Test func aServicesLoginMayNotLeaveItsPlace() async throws {
        let world = try await RightsWorld()
        for service in ServiceName.dataServices {
            for command in Self.ways(of: Self.login(service)) {
                let error = try await world.error(of: command, as: Self.login(service))
                #expect(
                    error?.kind == .insufficientPrivilege,
                    "\(service): \(command): \(String(describing: error?.message))")
            }
            let other: ServiceName = service == .sales ? .customer : .sales
            let error = try await world.error(of: "SET ROLE \(world.schema(other))", as: Self.login(service))
            #expect(error?.kind == .insufficientPrivilege, "\(service)")
        }
    }

    @Test func theRoleOfATenantRemovesAndRewritesNothing() async throws {
        let world = try await RightsWorld()
        for (service, tables) in Self.records {
            let schema = world.schema(service)
            let everywhere = tables + ["ledger", "meta", "schema_migrations"]
            var commands = everywhere.flatMap { table in
                [
                    "DELETE FROM \(schema).\(table)", "TRUNCATE \(schema).\(table)", "DROP TABLE \(schema).\(table)",
                    "ALTER TABLE \(schema).\(table) DISABLE TRIGGER ALL",
                ]
            }
            commands += [
                "TRUNCATE \(schema).requests", "UPDATE \(schema).requests SET answer = ''",
                "UPDATE \(schema).ledger SET method = ''", "UPDATE \(schema).meta SET version = 0",
                "INSERT INTO \(schema).ledger (position) VALUES (1)",
                "SELECT setval('\(schema).ledger_position_seq', 1)",
                "DELETE FROM \(schema).feed_consumers",
                "INSERT INTO \(schema).schema_migrations SELECT * FROM \(schema).schema_migrations",
                "CREATE TABLE \(schema).x (a integer)", "DROP SCHEMA \(schema) CASCADE",
            ]
            for command in commands {
                let error = try await world.error(of: command, as: Self.login(service), role: schema)
                #expect(error?.kind == .insufficientPrivilege, "\(command): \(String(describing: error?.message))")
            }
            // What it is for.
            for command in ["SELECT * FROM \(schema).ledger", "DELETE FROM \(schema).requests"] {
                #expect(try await world.error(of: command, as: Self.login(service), role: schema) == nil, "\(command)")
            }
        }
    }

    /// Whoever has a service's login cannot make anything old: neither by the record, nor by rows of the ledger, nor by marks.
    @Test func nothingThatLivesOrWasDeletedLatelyIsRemovedOrForgotten() async throws {
        let world = try await RightsWorld()
        let (schema, login) = (world.schema(.customer), Self.login(.customer))
        func run(_ command: String) async throws {
            #expect(try await world.error(of: command, as: login, role: schema) == nil, "\(command)")
        }
        let id = "0199a3c0-0000-7000-8000-00000000abcd"
        let old = "'2001-01-01T00:00:00Z'"
        func row(_ version: Int, _ after: String, _ purpose: String = "NULL") -> String {
            """
            INSERT INTO \(schema).ledger (id, occurred_at, method, object, record_id, record_version, before, after, purpose)
            VALUES (gen_random_uuid(), \(old), 'm', 'account', '\(id)', \(version), NULL, '\(after)', \(purpose))
            """
        }
        try await run(
            """
            INSERT INTO \(schema).accounts (id, version, created_at, updated_at, owner_id, display_name)
            VALUES ('\(id)', 1, \(old), \(old), '\(id)', 'Quokka')
            """)
        try await run(row(1, #"{"display_name": "Quokka"}"#))
        // As if it had been deleted long ago.
        try await run("UPDATE \(schema).accounts SET deleted_at = \(old), version = 2 WHERE id = '\(id)'")
        try await run(row(2, #"{"delete_time": "2001-01-01T00:00:00Z"}"#))
        try await run(row(3, "{}", "'purge_deleted'"))
        try await run("INSERT INTO \(schema).ledger_marks (night) VALUES ('2001-01-01')")
        try await run("UPDATE \(schema).meta SET feed_floor = 1000000")
        try await run("DELETE FROM \(schema).purgeable_accounts")
        try await run("UPDATE \(schema).purgeable_records SET is_forgotten = true")
        func count(_ text: String) async throws -> String { try await world.rows(text).first ?? "" }
        #expect(try await count("SELECT count(*)::text, '' FROM \(schema).accounts") == "1 | ")
        #expect(
            try await count("SELECT count(*)::text, '' FROM \(schema).ledger WHERE after ? 'display_name'") == "1 | ")
        for command in [
            "INSERT INTO \(schema).ledger_marks (night, marked_at) VALUES ('2001-01-02', \(old))",
            "INSERT INTO \(schema).ledger_marks (night, position) VALUES ('2001-01-02', 9)",
            "UPDATE \(schema).ledger_marks SET marked_at = \(old)", "UPDATE \(schema).ledger_marks SET position = 9",
            "UPDATE \(schema).purgeable_records SET object = ''", "DELETE FROM \(schema).purgeable_records",
            "DELETE FROM \(schema).accounts", "UPDATE \(schema).ledger SET after = '{}'",
            "DROP RULE purgeable_records_forget ON \(schema).purgeable_records",
            "CREATE OR REPLACE VIEW \(schema).purgeable_accounts AS SELECT id FROM \(schema).accounts",
        ] {
            let error = try await world.error(of: command, as: login, role: schema)
            #expect(error?.kind == .insufficientPrivilege, "\(command): \(String(describing: error?.message))")
        }
    }

    /// What only the provisioner may do to the directory, and what nobody changes once it is there.
    @Test func identitysLoginRemovesNoWorkspaceAndRewritesNoOwner() async throws {
        let world = try await RightsWorld()
        let login = Self.login(.identity)
        let columns = [
            "tenants": ["id", "workspace", "display_name", "admin_user_id", "operator_id", "created_at"],
            "placements": ["tenant_id", "service", "epoch"],
            "tenant_setups": ["tenant_id", "admin_email", "admin_password_hash", "started_at"],
            "operators": ["id", "email", "created_at"],
            "sessions": ["id", "handle_digest", "tenant_id", "user_id", "family_id", "created_at"],
            "refresh_tokens": ["digest", "session_id", "tenant_id", "user_id", "family_id", "expires_at"],
            "sign_in_failures": ["key", "account"], "policy_marks": ["tenant_id", "record_id", "record_version"],
        ]
        var commands = ["tenants", "placements", "operators", "schema_migrations"].map { "DELETE FROM directory.\($0)" }
        for (table, names) in columns {
            commands += names.map { "UPDATE directory.\(table) SET \($0) = \($0)" } + ["TRUNCATE directory.\(table)"]
        }
        for command in commands {
            let error = try await world.error(of: command, as: login)
            #expect(error?.kind == .insufficientPrivilege, "\(command): \(String(describing: error?.message))")
        }
    }

    private static func login(_ service: ServiceName) -> String { InstallationNames.login(service, partition: 0) }

    private static let records: [(ServiceName, [String])] = [
        (
            .identity,
            [
                "departments", "roles", "users", "credentials", "field_definitions", "saved_views", "tags",
                "sharing_rules", "validation_rules",
            ]
        ),
        (.customer, ["accounts", "contacts", "account_contacts", "activities"]),
        (.sales, ["pipelines", "stages", "deals", "stage_changes"]),
    ]

    /// What a thief would try.
    private static func ways(of login: String) -> [String] {
        [
            "CREATE TEMPORARY TABLE x (a integer)", "CREATE TABLE public.x (a integer)", "CREATE SCHEMA x",
            "CREATE DATABASE x", "CREATE ROLE x", "CREATE EXTENSION adminpack", "CREATE TABLESPACE x LOCATION '/tmp'",
            "ALTER SYSTEM SET work_mem = '1GB'", "ALTER ROLE \(login) SUPERUSER", "ALTER ROLE \(login) CREATEROLE",
            "ALTER ROLE \(login) CONNECTION LIMIT -1", "GRANT pg_read_all_data TO \(login)",
            "SET ROLE steward_provisioner", "SET ROLE pg_execute_server_program", "SET ROLE pg_read_all_data",
            "SELECT lo_create(0)", "SELECT lo_creat(0)", "SELECT lo_from_bytea(0, '')",
            "SELECT lo_import('/etc/passwd')",
            "SELECT lo_open(1, 131072)", "SELECT lo_unlink(1)", "SELECT lo_put(1, 0, '')",
            "SELECT pg_read_file('/etc/passwd')", "SELECT pg_read_binary_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
            "COPY (SELECT 1) TO PROGRAM 'true'", "COPY (SELECT 1) TO '/tmp/steward-rights'", "DO $$ BEGIN END $$",
            "SELECT * FROM pg_authid", "SELECT * FROM pg_largeobject", "SELECT * FROM pg_user_mapping",
        ]
    }
}
