package import Settings

/// The settings that only the provisioner has.
package struct ProvisionerSettings: Sendable {
    /// libpq's connection text of the login that owns schemas and roles. No other program has it.
    package var dsn: Secret
    /// Connections of the owner, and so the schemas that are made at once.
    package var connections: Int

    /// Workspaces for which schemas are kept ready; 0 for none.
    package var blanks: Int

    /// Reads them. Problems stay in the reader; see `SettingsReader.finish()`.
    package init(_ reader: SettingsReader) {
        dsn = reader.secret(
            "provisioner.dsn", about: "Connection text of libpq for the login that owns schemas and roles.")
        connections = reader.int(
            "provisioner.connections", default: 12, in: 1...16, unit: "connections",
            about: "Schemas that are made at once, three for a workspace; making one waits mostly for the disk.")
        blanks = reader.int(
            "provisioner.blanks", default: 8, in: 0...200, unit: "workspaces",
            about: "Workspaces for which schemas are kept ready, made in idle time; each takes 1.5 MB of disk.")
    }
}
