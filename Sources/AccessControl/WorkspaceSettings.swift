/// What a workspace has set for itself, as far as services go by it.
package struct WorkspaceSettings: Hashable, Sendable {
    /// Where the workspace keeps its days: a name of the IANA database.
    package let timeZone: String
    /// Most records that a user may read in a day, of kinds that the user may not export.
    package let readRowsPerDayMax: Int64
    /// How many days deleted records are kept; nil for ever.
    package let deletedRecordsKeptDays: Int64?

    /// As grants and the ledger name them.
    package static let permissionName = "settings"
    package static let readRowsPerDayDefault: Int64 = 20_000
    /// The feed tells what happened for 30 days, and a job that deleted records can be taken back for as long.
    package static let deletedRecordsKeptDaysRange: ClosedRange<Int64> = 30...3_650

    /// - Parameters:
    ///   - readRowsPerDayMax: nil for the default.
    ///   - deletedRecordsKeptDays: one out of the range counts as none, since what cannot be meant removes nothing.
    package init(timeZone: String = "UTC", readRowsPerDayMax: Int64? = nil, deletedRecordsKeptDays: Int64? = nil) {
        self.timeZone = timeZone
        self.readRowsPerDayMax = readRowsPerDayMax ?? WorkspaceSettings.readRowsPerDayDefault
        self.deletedRecordsKeptDays = deletedRecordsKeptDays.flatMap {
            WorkspaceSettings.deletedRecordsKeptDaysRange.contains($0) ? $0 : nil
        }
    }
}
