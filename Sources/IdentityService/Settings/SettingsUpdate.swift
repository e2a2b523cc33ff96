import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Text

/// What a request to change settings asks for.
struct SettingsUpdate {
    private let version: Int64?
    private let values: WorkspaceSettings
    private let fields: Set<Field>

    private enum Field: String, CaseIterable {
        case timeZone = "time_zone"
        case readRowsPerDayMax = "read_rows_per_day_max"
        case deletedRecordsKeptDays = "deleted_records_kept_days"
    }

    static let readRowsPerDay = 0...Int64(1_000_000_000)

    /// Throws INVALID_ARGUMENT for a mask or a value that cannot be.
    init(_ request: UpdateSettingsRequest) throws {
        let values = request.settings ?? WorkspaceSettings()
        var fields: Set<Field> = request.updateMask.isEmpty ? Self.fieldsSet(in: values) : []
        for (index, name) in request.updateMask.enumerated() {
            guard let field = Field(rawValue: name) else {
                throw IdentityError.settingUnknown(
                    known: Field.allCases.map(\.rawValue), field: "update_mask[\(index)]")
            }
            fields.insert(field)
        }
        if fields.contains(.timeZone), let zone = values.timeZone {
            guard FieldFormat.timeZone.accepts(zone) else { throw IdentityError.timeZoneUnknown }
            // The list may be newer than what the machine knows of clocks, and jobs go by the latter.
            guard TimeZone(zone) != nil else { throw IdentityError.timeZoneTooNew }
        }
        if fields.contains(.readRowsPerDayMax), let most = values.readRowsPerDayMax,
            !SettingsUpdate.readRowsPerDay.contains(most)
        {
            throw IdentityError.readRowsOutOfRange(SettingsUpdate.readRowsPerDay)
        }
        if fields.contains(.deletedRecordsKeptDays), let days = values.deletedRecordsKeptDays,
            !SettingsAccess.deletedRecordsKeptDays.contains(days)
        {
            throw IdentityError.keptDaysOutOfRange(SettingsAccess.deletedRecordsKeptDays)
        }
        (self.version, self.values, self.fields) = (values.version, values, fields)
    }

    private static func fieldsSet(in values: WorkspaceSettings) -> Set<Field> {
        Set(
            [
                values.timeZone.map { _ in Field.timeZone },
                values.readRowsPerDayMax.map { _ in Field.readRowsPerDayMax },
                values.deletedRecordsKeptDays.map { _ in Field.deletedRecordsKeptDays },
            ].compactMap(\.self))
    }

    /// The settings after the change; the same when nothing changes. Throws ABORTED when the request was made of another version.
    func apply(to present: WorkspaceSettings, at time: Timestamp) throws -> WorkspaceSettings {
        var changed = present
        if fields.contains(.timeZone) { changed.timeZone = values.timeZone ?? "UTC" }
        if fields.contains(.readRowsPerDayMax) { changed.readRowsPerDayMax = values.readRowsPerDayMax }
        if fields.contains(.deletedRecordsKeptDays) { changed.deletedRecordsKeptDays = values.deletedRecordsKeptDays }
        guard changed != present else { return present }
        let current = present.version ?? 0
        if let version, version != current { throw IdentityError.settingsConflict(current: current) }
        changed.version = current + 1
        changed.updateTime = time
        return changed
    }

    /// Deleted records go earlier than before.
    static func shortens(_ before: WorkspaceSettings, _ after: WorkspaceSettings) -> Bool {
        guard let days = after.deletedRecordsKeptDays else { return false }
        return days < before.deletedRecordsKeptDays ?? .max
    }

    /// What the ledger says of the change.
    func ledgerRow(of tenant: TenantID, _ before: WorkspaceSettings, _ after: WorkspaceSettings) -> LedgerRow {
        LedgerRow(
            object: SettingsAccess.name, recordID: tenant.id, version: after.version ?? 0,
            before: Array(json(before).utf8), after: Array(json(after).utf8))
    }

    /// The changed settings. Names of zones hold nothing that must be escaped.
    private func json(_ settings: WorkspaceSettings) -> String {
        let members = fields.sorted { $0.rawValue < $1.rawValue }.map { field in
            switch field {
            case .timeZone: "\"\(field.rawValue)\":\"\(settings.timeZone ?? "")\""
            case .readRowsPerDayMax: "\"\(field.rawValue)\":\(settings.readRowsPerDayMax.map(String.init) ?? "null")"
            case .deletedRecordsKeptDays:
                "\"\(field.rawValue)\":\(settings.deletedRecordsKeptDays.map(String.init) ?? "null")"
            }
        }
        return "{\(members.joined(separator: ","))}"
    }
}

extension LedgerRow {
    func query(_ origin: Origin) -> Query {
        let (statement, parameters) = insertion(origin)
        return Query(statement, parameters)
    }
}
