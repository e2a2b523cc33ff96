import AccessControl
import Contracts
import Wire

/// What grants and field policies can speak of: every record type of the product, with its fields.
struct RoleCatalogue: Sendable {
    let records: [RecordEntry]
    let permissions: PermissionCatalogue

    init(_ records: [RecordEntry]) {
        self.records = records
        permissions = PermissionCatalogue(
            objects: records.map { entry in
                PermissionObject(name: entry.object, fields: entry.message.fields.map(\.name))
            })
    }

    /// The names of the types, sorted.
    var objects: [String] { records.map(\.object).sorted() }
}
