package import Settings

/// The settings that only the gateway has.
package struct GatewaySettings: Sendable, Hashable {
    /// Units of cost that come back to a tenant in a second; 0: not counted.
    package var tenantUnitsPerSecond: Int
    /// Units of cost that a tenant may use at once.
    package var tenantUnitsBurst: Int

    /// Reads them. Problems stay in the reader; see `SettingsReader.finish()`.
    package init(_ reader: SettingsReader) {
        tenantUnitsPerSecond = reader.int(
            "limits.tenantUnitsPerSecond", default: 5_000, in: 0...10_000_000, unit: "units",
            about:
                "Budget of a workspace at this gateway, coming back each second; reading a record costs 1. 0 for none.")
        tenantUnitsBurst = reader.int(
            "limits.tenantUnitsBurst", default: 50_000, in: 1_000...1_000_000_000, unit: "units",
            about: "Units that a workspace may use at once after a pause.")
    }
}
