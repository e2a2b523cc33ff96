package import Tenancy
package import WorkingTime

/// What a workspace has set for itself, as far as services go by it.
package struct WorkspaceSettings: Hashable, Sendable {
    /// From when they hold; nil for what the workspace began with.
    package let effectiveTime: Timestamp?
    /// Where the workspace keeps its days: a name of the IANA database.
    package let timeZone: String
    /// Most records that a user may read in a day, of kinds that the user may not export.
    package let readRowsPerDayMax: Int64
    /// How many days deleted records are kept; nil for ever.
    package let deletedRecordsKeptDays: Int64?
    /// The currency of amounts when nobody says otherwise: ISO 4217.
    package let currency: String?
    /// The language that people read when nobody says otherwise: a language tag.
    package let language: String?
    /// Where the workspace is: ISO 3166-1. Phone numbers without a country are read as of there.
    package let country: String?
    /// The first day of a week: 1 for Monday to 7 for Sunday.
    package let weekStart: Int
    /// When people work.
    package let calendar: WorkspaceCalendar

    /// As grants and the ledger name them.
    package static let permissionName = "settings"
    package static let readRowsPerDayDefault: Int64 = 20_000
    /// The feed tells what happened for 30 days, and a job that deleted records can be taken back for as long.
    package static let deletedRecordsKeptDaysRange: ClosedRange<Int64> = 30...3_650

    /// - Parameters:
    ///   - readRowsPerDayMax: nil for the default.
    ///   - deletedRecordsKeptDays: one out of the range counts as none, since what cannot be meant removes nothing.
    ///   - weekStart: nil, or a number that is none, for Monday.
    package init(
        effectiveTime: Timestamp? = nil, timeZone: String = "UTC", readRowsPerDayMax: Int64? = nil,
        deletedRecordsKeptDays: Int64? = nil, currency: String? = nil, language: String? = nil, country: String? = nil,
        weekStart: Int? = nil, calendar: WorkspaceCalendar = WorkspaceCalendar()
    ) {
        self.effectiveTime = effectiveTime
        self.timeZone = timeZone
        self.readRowsPerDayMax = readRowsPerDayMax ?? WorkspaceSettings.readRowsPerDayDefault
        self.deletedRecordsKeptDays = deletedRecordsKeptDays.flatMap {
            WorkspaceSettings.deletedRecordsKeptDaysRange.contains($0) ? $0 : nil
        }
        (self.currency, self.language, self.country) = (currency, language, country)
        self.weekStart = weekStart.flatMap { (1...7).contains($0) ? $0 : nil } ?? 1
        self.calendar = calendar
    }
}

/// When people of a workspace work: all of them, and departments and users who work otherwise.
package struct WorkspaceCalendar: Hashable, Sendable {
    package let plan: WorkPlan
    private let departments: [RecordID: Exception]
    private let users: [UserID: Exception]

    /// How a department or user works otherwise.
    package struct Exception: Hashable, Sendable {
        /// Hours of the week; nil leaves those of the others.
        package let weekly: [Int: [Range<Int>]]?
        /// Days that are otherwise.
        package let days: [CalendarDay: [Range<Int>]]

        package init(weekly: [Int: [Range<Int>]]?, days: [CalendarDay: [Range<Int>]]) {
            (self.weekly, self.days) = (weekly, days)
        }
    }

    package init(
        _ plan: WorkPlan = .usual, departments: [RecordID: Exception] = [:], users: [UserID: Exception] = [:]
    ) {
        (self.plan, self.departments, self.users) = (plan, departments, users)
    }

    /// When a user works: by his own exception first, then by those of his departments.
    ///
    /// - Parameter departments: the user's department and those above it, from the top.
    package func plan(of user: UserID?, in departments: [RecordID]) -> WorkPlan {
        let exceptions =
            departments.compactMap { self.departments[$0] } + [user.flatMap { users[$0] }].compactMap(\.self)
        return exceptions.reduce(plan) { $0.changed(weekly: $1.weekly, days: $1.days) }
    }
}
