/// What the generator knows of a proto file. Comments are lines without their markers.
struct ProtoFile {
    /// As in steward/customer/v1/account_service.proto.
    var path: String
    var package: String
    var dependencies: [String]
    var messages: [ProtoMessage]
    var enums: [ProtoEnum]
    var services: [ProtoService]
    /// Has to be made; the others are only referred to.
    var isWanted: Bool
    /// The serialized FileDescriptorProto, with only those source locations that have comments.
    var descriptor: [UInt8]

    /// The full names of all that is declared.
    var names: [String] { messages.map(\.fullName) + enums.map(\.fullName) + services.map(\.fullName) }
}

struct ProtoMessage {
    /// As in steward.customer.v1.Account.
    var fullName: String
    var comment: [String]
    var fields: [ProtoField]
    /// What the option steward.catalogue.v1.record announces.
    var record: ProtoRecord?
}

/// A message whose instances are records.
struct ProtoRecord: Equatable {
    /// As in account_contact.
    var object: String
    /// As in account_contacts.
    var plural: String
    /// Name of the value of steward.catalogue.v1.Ownership without its prefix, as in owned.
    var ownership: String
    /// The same of steward.catalogue.v1.Category.
    var category: String
    /// The field by which Upsert finds a record; nil for a type without Upsert.
    var key: String?
    /// They are of objects that workspaces define, and each request names one.
    var isDefinedByWorkspace = false
    /// The texts that a workspace may bind to a choice list.
    var bindableFields: [String] = []

    /// The standard methods in the order of the engine, each with the member of RecordMethods that holds it.
    func standardMethods(of noun: String) -> [(kind: String, name: String)] {
        let nouns = Names.upperCamel(plural)
        return [
            ("get", "Get" + noun), ("batchGet", "BatchGet" + nouns), ("list", "List" + nouns),
            ("create", "Create" + noun), ("batchCreate", "BatchCreate" + nouns), ("update", "Update" + noun),
            ("batchUpdate", "BatchUpdate" + nouns), ("delete", "Delete" + noun), ("batchDelete", "BatchDelete" + nouns),
            ("restore", "Restore" + noun), ("batchRestore", "BatchRestore" + nouns),
            ("listChanges", "List" + noun + "Changes"), ("undo", "Undo" + noun + "Change"),
            ("export", "Export" + nouns),
            ("updateMatching", "UpdateMatching" + nouns), ("deleteMatching", "DeleteMatching" + nouns),
            ("watch", "Watch" + nouns),
        ] + (ownership == "owned" ? [("reassignMatching", "ReassignMatching" + nouns)] : [])
            + (key == nil ? [] : [("upsert", "Upsert" + noun)])
    }

    /// The standard methods whose server streams.
    static let streams: Set = ["export", "watch"]
}

struct ProtoField {
    enum Kind: Equatable {
        /// A number or truth value; the Swift type of its values.
        case scalar(String)
        case bool
        case string
        case bytes
        /// Full name of the enum.
        case enumeration(String)
        /// Full name of the message.
        case message(String)
    }

    /// As in display_name.
    var name: String
    var kind: Kind
    var isRepeated: Bool
    var comment: [String]
}

struct ProtoEnum {
    var fullName: String
    var comment: [String]
    var values: [(name: String, number: Int32, comment: [String])]
}

struct ProtoService {
    var fullName: String
    var comment: [String]
    var methods: [ProtoMethod]
}

struct ProtoMethod {
    var name: String
    var comment: [String]
    /// Full names of the messages.
    var request: String
    var response: String
    var clientStreams: Bool
    var serverStreams: Bool

    /// GetAccount → getAccount.
    var swiftName: String { Names.method(name) }
}

/// Why a file cannot be made; protoc prints it.
struct GeneratorError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

extension String {
    /// What follows the last dot.
    var lastNamePart: String {
        split(separator: ".").last.map(String.init) ?? self
    }
}
