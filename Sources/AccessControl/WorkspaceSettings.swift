/// What a workspace has set for itself, as far as services go by it.
package struct WorkspaceSettings: Hashable, Sendable {
    /// Where the workspace keeps its days: a name of the IANA database.
    package let timeZone: String
    /// Most records that a user may read in a day, of kinds that the user may not export.
    package let readRowsPerDayMax: Int64

    package static let readRowsPerDayDefault: Int64 = 20_000

    /// - Parameter readRowsPerDayMax: nil for the default.
    package init(timeZone: String = "UTC", readRowsPerDayMax: Int64? = nil) {
        self.timeZone = timeZone
        self.readRowsPerDayMax = readRowsPerDayMax ?? WorkspaceSettings.readRowsPerDayDefault
    }
}
