import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Wire

/// One record of every kind in a workspace, with a word in all its texts by which it can be told anywhere.
struct SampleRecords: Sendable {
    let word: String
    /// Ids by kind of records.
    let ids: [String: String]

    /// Makes them. The word must be in lower case.
    init(in workspace: TestWorkspace, word: String) async throws {
        let admin = workspace.admin
        var ids = ["tenant": workspace.tenantID.description]
        func text(_ what: String) -> String { "\(word) \(what)" }
        ids["department"] = try await admin.departments.createDepartment(
            CreateDepartmentRequest(record: Department(displayName: text("department")))
        ).record?.id
        ids["role"] = try await admin.roles.createRole(
            CreateRoleRequest(
                record: Role(
                    displayName: text("role"), grants: [Contracts.Grant(object: "account", action: "read", scope: .own)]
                ))
        ).record?.id
        ids["user"] = try await admin.users.createUser(
            CreateUserRequest(record: User(email: "\(word)@users.example", displayName: text("user")))
        ).record?.id
        ids["account"] = try await admin.accounts.createAccount(
            CreateAccountRequest(record: Account(displayName: text("account"), externalID: word))
        ).record?.id
        ids["contact"] = try await admin.contacts.createContact(
            CreateContactRequest(record: Contact(givenName: text("contact"), externalID: word))
        ).record?.id
        ids["other_contact"] = try await admin.contacts.createContact(
            CreateContactRequest(record: Contact(givenName: text("other contact")))
        ).record?.id
        ids["account_contact"] = try await admin.accountContacts.createAccountContact(
            CreateAccountContactRequest(
                record: AccountContact(
                    accountID: ids["account"], contactID: ids["contact"], role: text("link")))
        ).record?.id
        ids["pipeline"] = try await admin.pipelines.createPipeline(
            CreatePipelineRequest(record: Pipeline(displayName: text("pipeline")))
        ).record?.id
        ids["stage"] = try await admin.stages.createStage(
            CreateStageRequest(
                record: Stage(
                    pipelineID: ids["pipeline"], displayName: text("stage"), position: 1, probabilityPercent: 10,
                    category: .open))
        ).record?.id
        ids["deal"] = try await admin.deals.createDeal(
            CreateDealRequest(
                record: Deal(
                    displayName: text("deal"), pipelineID: ids["pipeline"], accountID: ids["account"],
                    contactID: ids["contact"], externalID: word))
        ).record?.id
        ids["activity"] = try await admin.activities.createActivity(
            CreateActivityRequest(
                record: Activity(kind: .note, subject: text("activity"), accountID: ids["account"], externalID: word))
        ).record?.id
        ids["lead"] = try await admin.leads.createLead(
            CreateLeadRequest(record: Lead(givenName: text("lead"), accountID: ids["account"], externalID: word))
        ).record?.id
        ids["field_definition"] = try await admin.fieldDefinitions.createFieldDefinition(
            CreateFieldDefinitionRequest(
                record: FieldDefinition(object: "account", name: "note", kind: .text, displayName: text("field")))
        ).record?.id
        // Each workspace has the same object, or the foreign record would not be looked for.
        ids["object_definition"] = try await admin.objectDefinitions.createObjectDefinition(
            CreateObjectDefinitionRequest(
                record: ObjectDefinition(
                    name: Self.object, displayName: text("object"), pluralDisplayName: text("objects")))
        ).record?.id
        ids["record"] = try await admin.records.createRecord(
            CreateRecordRequest(
                Self.object, CreateRequest(record: Record(displayName: text("record"), externalID: word)))
        ).record?.id
        ids["choice_list"] = try await admin.choiceLists.createChoiceList(
            CreateChoiceListRequest(
                record: ChoiceList(
                    name: "probe_\(word.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) })",
                    displayName: text("list"), entries: [ChoiceEntry(value: "a"), ChoiceEntry(value: "b")]))
        ).record?.id
        ids["saved_view"] = try await admin.savedViews.createSavedView(
            CreateSavedViewRequest(record: SavedView(object: "account", displayName: text("view"), sharedWithAll: true))
        ).record?.id
        ids["tag"] = try await admin.tags.createTag(
            CreateTagRequest(record: Tag(displayName: text("tag"), sharedWithAll: true))
        ).record?.id
        ids["sharing_rule"] = try await admin.sharingRules.createSharingRule(
            CreateSharingRuleRequest(record: ForeignProbe.rule(text("rule"), with: ids["role"]))
        ).record?.id
        ids["validation_rule"] = try await admin.validationRules.createValidationRule(
            CreateValidationRuleRequest(record: ForeignProbe.demand(text("demand"), except: ids["role"]))
        ).record?.id
        ids["job"] = try await admin.accounts.deleteMatchingAccounts(
            DeleteMatchingAccountsRequest(filterExpression: "external_id = \"none\"")
        ).jobID
        // The same as operators see it.
        ids["tenant_job"] = ids["job"]
        (self.word, self.ids) = (word, ids)
    }

    /// The name of an object that the workspace has defined.
    static let object = "sample"

    func id(_ object: String) throws -> String {
        guard let id = ids[object] else { throw TestStewardError("there is no sample of \(object)") }
        return id
    }
}

/// Makes requests of any method in which ids of another tenant stand.
struct ForeignProbe {
    let method: MethodDefinition
    let own: SampleRecords
    let foreign: SampleRecords

    /// The kind of records that the service keeps, as in account_contact.
    var object: String {
        let service = method.service.split(separator: ".").last?.dropLast("Service".count) ?? ""
        // What is shared are records of the service.
        if service == "Sharing" { return method.service.contains(".sales.") ? "deal" : "account" }
        return service.reduce(into: "") { text, letter in
            if letter.isUppercase, !text.isEmpty { text += "_" }
            text += letter.lowercased()
        }
    }

    /// The field of the request that holds a record, or several.
    var record: (field: FieldDescriptor, type: MessageDescriptor)? { Self.record(in: method.request) }

    /// One without an id, as the settings of a workspace, names nothing.
    private static func record(in request: MessageDescriptor) -> (field: FieldDescriptor, type: MessageDescriptor)? {
        for field in request.fields where field.name != "requests" {
            if case .message(let type) = field.kind, type.field("version") != nil, type.field("id") != nil {
                return (field, type)
            }
        }
        return nil
    }

    /// A text of the record.
    private var textField: String {
        switch object {
        case "contact", "lead": "given_name"
        case "account_contact": "role"
        case "activity": "subject"
        default: "display_name"
        }
    }

    /// Every id in the request is a foreign one, and the record is one that would be stored.
    func request() throws -> [UInt8] {
        let request = Message.make(method.request, in: Arena())
        try fill(request)
        return WireCodec.encode(request)
    }

    private func fill(_ request: Message) throws {
        let type = request.descriptor
        if let parts = type.field("requests"), case .message(let part) = parts.kind {
            let message = Message.make(part, in: request.arena)
            try fill(message)
            request.setMessages(parts, [message])
        }
        if let record = Self.record(in: type) {
            let message = try wellFormed(record.type, in: request.arena)
            // Creation shows what becomes of a foreign id that a new record is to have.
            if !method.name.hasPrefix("Upsert") { try setForeignID(message) }
            put(message, at: record.field, of: request)
            if let mask = type.field("update_mask") { request.setStrings(mask, [textField]) }
        }
        try setForeignID(request)
        for field in type.fields {
            if let kind = Self.referredObject(field), let id = foreign.ids[kind] { set(id, field, of: request) }
        }
        for name in ["password", "new_password"] {
            if let password = type.field(name) { request.setString(password, TestSteward.password) }
        }
        if let version = type.field("version") { request.setInt64(version, 1) }
        if let named = type.field("object"), object == "record" { request.setString(named, SampleRecords.object) }
        if let named = type.field("object"), method.service.hasSuffix(".SharingService") {
            request.setString(named, object)
        }
        if let query = type.field("query") { request.setString(query, foreign.word) }
        if let filter = type.field("filter_expression"), selectsByFilter {
            request.setString(filter, "id = \"\(try foreign.id(object))\"")
        }
    }

    /// The records are named by a filter alone.
    private var selectsByFilter: Bool {
        method.name.contains("Matching") || ["Export", "Watch"].contains { method.name.hasPrefix($0) }
    }

    /// The fields of the record that refer to other records.
    var references: [FieldDescriptor] {
        record?.type.fields.filter {
            Self.referredObject($0) != nil && foreign.ids[Self.referredObject($0) ?? ""] != nil
        } ?? []
    }

    /// The record is the caller's own and refers to a foreign one.
    func request(referringBy reference: FieldDescriptor) throws -> [UInt8] {
        guard let record, let kind = Self.referredObject(reference) else {
            throw TestStewardError("\(method.path) has no record")
        }
        let request = Message.make(method.request, in: Arena())
        let message = try wellFormed(record.type, in: request.arena)
        if let named = method.request.field("object"), object == "record" {
            request.setString(named, SampleRecords.object)
        }
        set(try foreign.id(kind), reference, of: message)
        if let mask = method.request.field("update_mask") {
            if let id = record.type.field("id") { message.setString(id, try own.id(object)) }
            request.setStrings(mask, [reference.name])
        }
        put(message, at: record.field, of: request)
        return WireCodec.encode(request)
    }

    private func put(_ message: Message, at field: FieldDescriptor, of request: Message) {
        if field.isRepeated { request.setMessages(field, [message]) } else { request.setMessage(field, message) }
    }

    private func set(_ id: String, _ field: FieldDescriptor, of message: Message) {
        if field.isRepeated { message.setStrings(field, [id]) } else { message.setString(field, id) }
    }

    private func setForeignID(_ message: Message) throws {
        for name in ["id", "ids"] {
            if let field = message.descriptor.field(name) { set(try foreign.id(object), field, of: message) }
        }
    }

    /// A record of the caller's own that could be stored.
    private func wellFormed(_ type: MessageDescriptor, in arena: Arena) throws -> Message {
        let name = "probe \(UInt32.random(in: 0 ... .max))"
        let record: any WireMessage =
            switch object {
            case "account": Account(displayName: name)
            case "contact": Contact(givenName: name)
            case "account_contact":
                AccountContact(accountID: try own.id("account"), contactID: try own.id("other_contact"))
            case "activity": Activity(kind: .note, subject: name)
            case "lead": Lead(givenName: name)
            case "deal": Deal(displayName: name)
            case "pipeline": Pipeline(displayName: name)
            case "stage":
                Stage(
                    pipelineID: try own.id("pipeline"), displayName: name, position: 2, probabilityPercent: 10,
                    category: .open)
            case "user": User(email: "\(name.dropFirst(6))@probe.example", displayName: name)
            case "department": Department(displayName: name)
            case "role": Role(displayName: name)
            case "field_definition":
                FieldDefinition(
                    object: "account", name: name.replacing(" ", with: "_"), kind: .text, displayName: name)
            case "object_definition":
                ObjectDefinition(
                    name: name.replacing(" ", with: "_"), displayName: name, pluralDisplayName: name)
            case "record": Record(displayName: name)
            case "choice_list": ChoiceList(name: name.replacing(" ", with: "_"), displayName: name)
            case "tag": Tag(displayName: name)
            case "sharing_rule": Self.rule(name, with: try own.id("role"))
            case "validation_rule": Self.demand(name, except: try own.id("role"))
            case "saved_view": SavedView(object: "account", displayName: name)
            default: throw TestStewardError("there is no sample for \(method.path): add one here")
            }
        return record.message(in: arena)
    }

    fileprivate static func rule(_ name: String, with role: String?) -> SharingRule {
        var rule = SharingRule(displayName: name, object: "account", filterExpression: "city = Rom")
        rule.roleIDs = [role].compactMap(\.self)
        return rule
    }

    /// It holds for no record.
    fileprivate static func demand(_ name: String, except role: String?) -> ValidationRule {
        var rule = ValidationRule(
            displayName: name, object: "account", condition: "not is_set(display_name)", message: name)
        rule.roleIDs = [role].compactMap(\.self)
        return rule
    }

    /// The kind of records that a field refers to by its name, as in parent_account_id; nil for a field that does not.
    private static func referredObject(_ field: FieldDescriptor) -> String? {
        guard case .string = field.kind else { return nil }
        let name = field.name
        guard name.hasSuffix("_id") || name.hasSuffix("_ids") else { return nil }
        let object = name.dropLast(name.hasSuffix("s") ? 4 : 3)
        switch object {
        case "owner": return "user"
        case "external", "tax": return nil
        default:
            let prefix = ["parent_", "shared_", "add_"].first { object.hasPrefix($0) } ?? ""
            return String(object.dropFirst(prefix.count))
        }
    }
}
