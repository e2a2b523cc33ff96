import Contracts
import IdentityContracts
import RPC
import Wire

/// What somebody wants to have set.
struct SettingsUpdate {
    /// The version that was read.
    let version: Int64?
    let fields: Set<String>
    private let values: WorkspaceSettings

    /// Throws INVALID_ARGUMENT for a mask or a value that cannot be.
    init(_ request: UpdateSettingsRequest) throws {
        let values = SettingsCheck.normalized(request.settings ?? WorkspaceSettings())
        var fields = request.updateMask.isEmpty ? Self.fieldsSet(in: values) : []
        let known = WorkspaceSettings.settable.map(\.name)
        for (index, name) in request.updateMask.enumerated() {
            guard known.contains(name) else {
                throw IdentityError.settingUnknown(known: known, field: "update_mask[\(index)]")
            }
            fields.insert(name)
        }
        try SettingsCheck(path: "settings").check(values.only(fields))
        (self.version, self.values, self.fields) = (values.version, values, fields)
    }

    /// What a model has set, which keeps the exceptions of the workspace's calendar.
    init(model: WorkspaceSettings, keeping present: WorkspaceSettings) throws {
        var values = SettingsCheck.normalized(model)
        values.workingCalendar?.exceptions = present.workingCalendar?.exceptions ?? []
        try SettingsCheck(path: "model.settings").check(values)
        (version, self.values, fields) = (nil, values, Self.fieldsSet(in: values))
    }

    private static func fieldsSet(in values: WorkspaceSettings) -> Set<String> {
        Set(WorkspaceSettings().differences(from: values))
    }

    func applied(to present: WorkspaceSettings) -> WorkspaceSettings {
        var changed = present.with(fields, of: values)
        if changed.timeZone == nil { changed.timeZone = "UTC" }
        return changed
    }

    /// The departments and users whose exceptions it has, with where these stand.
    var subjects: [(exception: CalendarException, path: String)] {
        guard fields.contains("working_calendar") else { return [] }
        return (values.workingCalendar?.exceptions ?? []).enumerated().map {
            ($1, "settings.working_calendar.exceptions[\($0)]")
        }
    }

    /// Deleted records go earlier than before.
    static func shortens(_ before: WorkspaceSettings, _ after: WorkspaceSettings) -> Bool {
        guard let days = after.deletedRecordsKeptDays else { return false }
        return days < before.deletedRecordsKeptDays ?? .max
    }
}
