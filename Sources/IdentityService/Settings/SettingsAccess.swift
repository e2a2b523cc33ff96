import AccessControl
import RPC
import Records
import Tenancy

/// Who may do what with a workspace's settings: everybody of the workspace reads them, and some change them.
enum SettingsAccess {
    /// As grants and the ledger name them.
    static let name = WorkspaceSettings.permissionName

    static let object = PermissionObject(name: name, fields: [], actions: [.update], ownership: .shared)

    /// What a workspace may set.
    static let deletedRecordsKeptDays = WorkspaceSettings.deletedRecordsKeptDaysRange

    /// Throws PERMISSION_DENIED for who may not change the settings.
    static func requireUpdate(_ context: CallContext, _ engine: RecordEngine) async throws {
        let (_, access) = try await engine.access(context, to: name, writes: true)
        guard access.predicate(.update, ownership: object.ownership) == .all else {
            throw IdentityError.settingsFixed
        }
    }
}
