import AccessControl

/// What holds for settings that a workspace has not set, by the names of their fields.
enum SettingsDefaults {
    static let texts = [
        "read_rows_per_day_max": String(WorkspaceSettings.readRowsPerDayDefault),
        "deleted_records_kept_days": "for ever",
        "week_start": "monday",
        "working_calendar": CalendarText.hours(CalendarEdit.usualHours),
    ]
}
