import AccessControl
import Contracts
import Tenancy
import Wire
import Work

/// What grants and field policies can speak of: every record type of the product, with its fields, the workspace's settings and its jobs.
struct RoleCatalogue: Sendable {
    let records: [RecordEntry]
    /// What is announced of the objects that workspaces define.
    private let own: RecordEntry?
    let permissions: PermissionCatalogue

    init(_ all: [RecordEntry]) {
        let records = all.filter { !$0.isDefinedByWorkspace }
        self.records = records
        own = all.first(where: \.isDefinedByWorkspace)
        permissions = PermissionCatalogue(
            objects: records.map { entry in
                PermissionObject(
                    name: entry.object, fields: entry.message.fields.map(\.name), ownership: entry.ownership.access,
                    isExtensible: entry.isExtensible)
            } + [SettingsAccess.object, JobMethods.permission],
            ownFields: all.filter(\.isDefinedByWorkspace).flatMap { $0.message.fields.map(\.name) })
    }

    /// A kind of records in a workspace, as grants call it; nil for one that there is not.
    func entry(of object: String, in model: TenantModel) -> RecordEntry? {
        guard TenantObject.isObject(object) else { return records.first { $0.object == object } }
        guard model.object(object) != nil, var entry = own else { return nil }
        entry.object = object
        return entry
    }

    /// The message of a kind of records, be it one that a workspace has defined or not.
    func message(of object: String) -> MessageDescriptor? {
        (TenantObject.isObject(object) ? own : records.first { $0.object == object })?.message
    }

    /// The service that keeps records of a kind, be it one that a workspace has defined or not.
    func service(of object: String) -> ServiceName? {
        let entry = TenantObject.isObject(object) ? own : records.first { $0.object == object }
        return entry.flatMap { Installation.current.program(offering: $0.message.name) }
    }

    /// The types of the product that records of a kind can name: those of the same service, and who and where people are.
    func referable(from object: String) -> Set<String> {
        let service = service(of: object)
        return Set(records.map(\.object).filter { self.service(of: $0) == service } + ["user", "department"])
    }

    /// Whether records of a kind can name those of another, be they what a workspace has defined or not.
    func isReferable(_ other: String, from object: String) -> Bool {
        TenantObject.isObject(other)
            ? service(of: other) == service(of: object) : referable(from: object).contains(other)
    }

    /// The names of the types to which a workspace may add fields.
    var extensible: Set<String> { Set(records.filter(\.isExtensible).map(\.object)) }

    /// The texts that a workspace may bind to a choice list, as in `account.industry`.
    var bindable: Set<String> { Set(records.flatMap { entry in entry.bindableFields.map { "\(entry.object).\($0)" } }) }

    /// The names of the types, sorted.
    var objects: [String] { records.map(\.object).sorted() }

    /// What roles that are made now are made for.
    var known: RoleUpgrade.Known { RoleUpgrade.Known(objects: Set(objects), actions: RoleCatalogue.actions) }

    /// The names of all actions.
    static let actions = Set(Action.all.map(\.name))
}

extension RecordEntry {
    fileprivate var isExtensible: Bool { message.field("custom_fields") != nil }
}

extension RecordEntry.Ownership {
    fileprivate var access: AccessControl.Ownership {
        switch self {
        case .owned: .owned
        case .shared: .shared
        }
    }
}
