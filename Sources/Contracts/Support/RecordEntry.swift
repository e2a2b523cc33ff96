package import RPC
package import Wire

/// A message whose instances are records, as the option steward.catalogue.v1.record announces it.
package protocol RecordMessage: WireMessage {
    static var entry: RecordEntry { get }
}

/// What the catalogue knows of a record type.
package struct RecordEntry: Sendable {
    /// Whose the records are.
    package enum Ownership: Sendable {
        case owned, shared
    }

    /// Name in grants, field policies and the ledger, as in account_contact.
    package var object: String
    /// The same for several, as in account_contacts.
    package var plural: String
    package var ownership: Ownership
    package let category: RecordCategory
    /// The field by which Upsert finds a record where the request does not say; nil for a type without Upsert.
    package let key: String?
    /// The records are of objects that workspaces define; each request names one.
    package let isDefinedByWorkspace: Bool
    /// The texts that a workspace may bind to a choice list of its own.
    package let bindableFields: [String]
    package let message: MessageDescriptor
    /// As reflection tells it, with its custom methods.
    package let service: ServiceDescription
    package let methods: RecordMethods

    package init(
        object: String, plural: String, ownership: Ownership, category: RecordCategory, key: String? = nil,
        isDefinedByWorkspace: Bool = false, bindableFields: [String] = [], message: MessageDescriptor,
        service: ServiceDescription, methods: RecordMethods
    ) {
        self.object = object
        self.plural = plural
        self.ownership = ownership
        self.category = category
        self.key = key
        self.isDefinedByWorkspace = isDefinedByWorkspace
        self.bindableFields = bindableFields
        self.message = message
        self.service = service
        self.methods = methods
    }
}

/// The standard methods of a record type, by kind.
package struct RecordMethods: Sendable {
    package let get, batchGet, list, create, batchCreate, listChanges, undo, export, watch: MethodDefinition
    package let updateMatching, deleteMatching: MethodDefinition
    /// Nil for a type without owners.
    package let reassignMatching: MethodDefinition?
    package let update, batchUpdate, delete, batchDelete, restore, batchRestore: MethodDefinition
    /// Nil for a type without a key.
    package let upsert: MethodDefinition?

    package init(
        get: MethodDefinition, batchGet: MethodDefinition, list: MethodDefinition, create: MethodDefinition,
        batchCreate: MethodDefinition, update: MethodDefinition, batchUpdate: MethodDefinition,
        delete: MethodDefinition, batchDelete: MethodDefinition, restore: MethodDefinition,
        batchRestore: MethodDefinition, listChanges: MethodDefinition, undo: MethodDefinition, export: MethodDefinition,
        updateMatching: MethodDefinition, deleteMatching: MethodDefinition, watch: MethodDefinition,
        reassignMatching: MethodDefinition? = nil,
        upsert: MethodDefinition? = nil
    ) {
        self.get = get
        self.batchGet = batchGet
        self.list = list
        self.create = create
        self.batchCreate = batchCreate
        self.update = update
        self.batchUpdate = batchUpdate
        self.delete = delete
        self.batchDelete = batchDelete
        self.restore = restore
        self.batchRestore = batchRestore
        self.listChanges = listChanges
        self.undo = undo
        self.upsert = upsert
        self.updateMatching = updateMatching
        self.deleteMatching = deleteMatching
        self.reassignMatching = reassignMatching
        self.watch = watch
        self.export = export
    }
}
