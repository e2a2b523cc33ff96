import AccessControl
import Contracts
import Wire

/// What grants and field policies can speak of: every record type of the product, with its fields.
enum RoleCatalogue {
    static let permissions = PermissionCatalogue(
        objects: RecordCatalogue.entries.map { entry in
            PermissionObject(name: entry.object, fields: entry.message.fields.map(\.name))
        })
}
