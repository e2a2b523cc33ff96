package import Settings

/// The settings that only the provisioner has.
package struct ProvisionerSettings: Sendable {
    /// libpq's connection text of the login that owns schemas and roles. No other program has it.
    package var dsn: Secret
    /// Connections of the owner, and so the schemas that are made at once.
    package var connections: Int

    /// Reads them. Problems stay in the reader; see `SettingsReader.finish()`.
    package init(_ reader: SettingsReader) {
        dsn = reader.secret(
            "provisioner.dsn", about: "Connection text of libpq for the login that owns schemas and roles.")
        connections = reader.int(
            "provisioner.connections", default: 4, in: 1...8, unit: "connections",
            about: "Schemas that are made at once; making one keeps a core of the database busy.")
    }
}
