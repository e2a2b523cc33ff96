package import RPC
package import Settings

/// The settings that only the gateway has.
package struct GatewaySettings: Sendable, Hashable {
    /// Units of cost that come back to a tenant in a second; 0: not counted.
    package var tenantUnitsPerSecond: Int
    /// Units of cost that a tenant may use at once.
    package var tenantUnitsBurst: Int
    /// Calls that clients may have recorded, of each tenant, and of all connections without one together.
    package var clientTraces: SamplingBudget.Limits

    /// Reads them. Problems stay in the reader; see `SettingsReader.finish()`.
    package init(_ reader: SettingsReader) {
        tenantUnitsPerSecond = reader.int(
            "limits.tenantUnitsPerSecond", default: 5_000, in: 0...10_000_000, unit: "units",
            about:
                "Budget of a workspace at this gateway, coming back each second; reading a record costs 1. 0 for none.")
        tenantUnitsBurst = reader.int(
            "limits.tenantUnitsBurst", default: 50_000, in: 1_000...1_000_000_000, unit: "units",
            about: "Units that a workspace may use at once after a pause.")
        clientTraces = SamplingBudget.Limits(
            perSecond: reader.int(
                "tracing.clientTracesPerSecond", default: 10, in: 0...1_000_000, unit: "calls",
                about:
                    "Calls each second that are recorded because the client says so, of a workspace, and of all without one. 0: clients have no say."
            ),
            burst: reader.int(
                "tracing.clientTracesBurst", default: 100, in: 1...1_000_000, unit: "calls",
                about: "Calls that clients may have recorded at once after a pause."))
    }
}
