import AccessControl
import Contracts
import Wire

/// What grants and field policies can speak of: the kinds of records of all services, with their fields. Identity edits
/// the roles of every service, so a new record type is added here, or no role can name it.
enum RoleCatalogue {
    static let records: [(object: String, descriptor: MessageDescriptor)] = [
        ("account", Account.descriptor), ("contact", Contact.descriptor),
        ("account_contact", AccountContact.descriptor), ("activity", Activity.descriptor),
        ("deal", Deal.descriptor), ("pipeline", Pipeline.descriptor), ("stage", Stage.descriptor),
        ("user", User.descriptor), ("department", Department.descriptor), ("role", Role.descriptor),
    ]

    static let permissions = PermissionCatalogue(
        objects: records.map { object, descriptor in
            PermissionObject(name: object, fields: descriptor.fields.map(\.name))
        })
}
