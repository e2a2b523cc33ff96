package import Logging
package import Settings
package import Tenancy

/// The settings that every program has; see `HostSettings+Reading.swift` for keys, defaults and ranges.
package struct HostSettings: Sendable {
    /// TLS files of this program.
    package struct TLSFiles: Sendable {
        package var certificate: String
        package var key: String
        package var authority: String
        package var revocations: String?
    }

    /// The database of a program that keeps data of tenants.
    package struct Database: Sendable {
        /// libpq's connection text for partition 0.
        package var dsn: Secret
        /// Connections of this process, all loops and partitions together.
        package var connections: Int
        /// Partition logins; they differ in the number at the end of their name.
        package var partitions: Int
        /// What one tenant may have of a loop's connections, in percent of those that are not lent to others.
        package var tenantSharePercent: Int
        /// Long scans that run at a time on one loop.
        package var longScans: Int
        /// How long a transaction that only reads may take.
        package var readTimeout: Duration
    }

    /// host:port.
    package var listen: String
    /// host:port.
    package var admin: String
    /// Lines below it are not written.
    package var logLevel: Logger.Level
    /// Event loops, one thread each.
    package var loops: Int
    /// Threads for what would block a loop.
    package var workers: Int
    package var tls: TLSFiles
    /// Shared with identity: one for each service that verifies callers.
    package var callerKeys: [ServiceName: Secret]
    package var database: Database?
    /// host:port of each instance.
    package var peers: [ServiceName: [String]]
    /// How long accepted calls may take to finish after SIGTERM.
    package var drainDeadline: Duration
    /// Calls of one tenant served at once by this process.
    package var tenantCallsMax: Int
    /// Calls worked on at once by one loop while others wait in turn; nil: four for each database connection.
    package var runningCallsMax: Int?
    /// Connections served at once by one loop.
    package var connectionsMax: Int
    /// Connections that clients of one address may have on one loop of the gateway; 0: not counted.
    package var connectionsPerAddressMax: Int
    /// Handshakes that clients of one address may begin in a second on one loop of the gateway; 0: not counted.
    package var handshakesPerAddressMax: Int
    /// A call that takes longer is logged as a warning.
    package var slowCall: Duration
    package var tracing: TracingSettings

    /// Which traces are recorded, and where.
    package struct TracingSettings: Sendable {
        /// File for spans in OTLP/JSON; empty: this program records none.
        package var file: String
        /// Part of the traces begun here that is recorded, 0 to 1.
        package var sample: Double
        /// Size from which on the file is renamed to `<file>.1` and begun anew.
        package var fileBytesMax: Int
    }
}
