/// What a service may do with a table, and so the most that its login can do there in wrong hands. Declared for every
/// table of a stream and granted with its migrations; a table that was never declared cannot be reached, and one that is declared no
/// more must be dropped, or its rights revoked, by a migration.
package struct TableRights: Sendable, Hashable {
    package let table: String
    /// As GRANT takes them: `SELECT, UPDATE (note)`.
    package let privileges: String

    package init(_ table: String, _ privileges: String) {
        (self.table, self.privileges) = (table, privileges)
    }

    /// Rows that are made, changed and marked as deleted, and never removed: records.
    package static func kept(_ tables: String...) -> [TableRights] {
        tables.map { TableRights($0, "SELECT, INSERT, UPDATE") }
    }

    /// The same until the workspace's time for deleted records is over. Each has a view `purgeable_…` of those that may be removed: what the
    /// ledger has called deleted for long enough.
    package static func purged(_ tables: String...) -> [TableRights] {
        tables.map { TableRights($0, "SELECT, INSERT, UPDATE") }
            + tables.map { TableRights("purgeable_\($0)", "SELECT, DELETE") }
    }

    /// Rows that are made and never removed, and of which only these columns change.
    package static func kept(_ table: String, changing columns: [String]) -> [TableRights] {
        [TableRights(table, "SELECT, INSERT, UPDATE (\(columns.joined(separator: ", ")))")]
    }

    /// Rows that are there from the start, and of which only these columns change.
    package static func changed(_ table: String, changing columns: [String]) -> [TableRights] {
        [TableRights(table, "SELECT, UPDATE (\(columns.joined(separator: ", ")))")]
    }

    /// Rows that are added and stay as they are: what happened.
    package static func added(_ tables: String...) -> [TableRights] {
        tables.map { TableRights($0, "SELECT, INSERT") }
    }

    /// Rows that come and go, and of which only these columns change meanwhile.
    package static func passing(_ table: String, changing columns: [String]) -> [TableRights] {
        [TableRights(table, "SELECT, INSERT, UPDATE (\(columns.joined(separator: ", "))), DELETE")]
    }

    /// Rows that are another service's, kept here as it tells them.
    package static func mirrored(_ tables: String...) -> [TableRights] {
        tables.map { TableRights($0, "SELECT, INSERT, UPDATE, DELETE") }
    }

    /// Rows that only the owner writes.
    package static func read(_ tables: String...) -> [TableRights] {
        tables.map { TableRights($0, "SELECT") }
    }
}

/// The rights in one schema of whoever works there.
struct SchemaRights {
    let rights: [TableRights]
    let schema: String
    let grantee: String

    /// Names every table: `ON ALL TABLES IN SCHEMA` reads all of `pg_class` five times, however many tenants that is.
    var grants: [String] {
        var groups: [(privileges: String, tables: [String])] = []
        for right in rights {
            if let index = groups.firstIndex(where: { $0.privileges == right.privileges }) {
                groups[index].tables.append("\(schema).\(right.table)")
            } else {
                groups.append((right.privileges, ["\(schema).\(right.table)"]))
            }
        }
        return ["GRANT USAGE ON SCHEMA \(schema) TO \(grantee)"]
            + groups.map { "GRANT \($0.privileges) ON \($0.tables.joined(separator: ", ")) TO \(grantee)" }
    }

    /// Takes back what was granted on these tables before, columns included. Not on all tables of the schema, which would read all of
    /// `pg_class` five times, for each schema: the migration that retires a table takes back what was granted on it.
    var revocation: String {
        let tables = rights.map { "\(schema).\($0.table)" }.joined(separator: ", ")
        return "REVOKE ALL ON \(tables) FROM \(grantee)"
    }

    /// Tells these rights from others, in whatever schema.
    var checksum: String {
        Migration(number: 0, name: "", sql: rights.map { "\($0.table): \($0.privileges)" }.joined(separator: "\n"))
            .checksum
    }
}
