import AccessControl
import Catalogue
import Contracts
import CustomerContracts
import RPC
import Tenancy
import Text
import Wire

/// A kind of records on the command line: what the catalogue says of it, and how it is shown.
struct RecordNoun: Sendable {
    let entry: RecordEntry
    /// The name of an object that the workspace has defined.
    let own: String?
    private let presentation: RecordPresentation

    init(_ entry: RecordEntry, own: String? = nil, among presentations: [RecordPresentation] = RecordPresentation.all) {
        (self.entry, self.own) = (entry, own)
        presentation = presentations.first { $0.object == entry.object } ?? RecordPresentation(entry.object)
    }

    /// As typed, in the singular. An object of the workspace's own that is called as a command has custom. before its name.
    var name: String { own.map { OwnNoun.word(of: $0) } ?? entry.object.replacing("_", with: "-") }
    /// By what `RecordNouns.named` finds it, whatever the command is about.
    var key: String { isOwn ? object : name }
    var plural: String { own == nil ? entry.plural.replacing("_", with: "-") : "\(name) records" }
    /// For files of many, without the end; needs no quotes in a shell.
    var fileName: String { plural.replacing(" ", with: "-") }
    /// The workspace has defined it.
    var isOwn: Bool { own != nil }
    /// As grants, definitions of fields and issues call it.
    var object: String { own.map { TenantObject.prefix + $0 } ?? entry.object }
    /// The record message.
    var record: MessageDescriptor { entry.message }
    /// As in customer.
    var service: String { entry.service.name.map(RecordNoun.service) ?? "" }

    /// One sentence for help.
    var abstract: String {
        if let abstract = presentation.abstract { return abstract }
        let comment = entry.service.comment ?? ""
        return comment.prefix { $0 != "." } + "."
    }

    /// The columns that a table shows unless others are asked for: fields, and names of other records, as in stage.
    var columns: [String] { presentation.columns ?? usualColumns }

    /// Its records can be shared one by one.
    var isShareable: Bool { entry.ownership == .owned && record.field("shares") != nil }
    var isTaggable: Bool { TagNames.field(of: self) != nil }

    /// The fields that people call a record by, written side by side; none when it has no name.
    var label: [String] {
        RecordNoun.labels.first { $0.allSatisfy { record.field($0) != nil } } ?? []
    }

    /// The field that people call those records by that have no name; nil when all have one.
    var otherName: String? { presentation.otherName }

    /// How a name may be written whose parts these are, in the order of `label`; the usual way first. None for parts that are all empty.
    func spellings(_ parts: [String]) -> [String] {
        guard parts.count == 2 else { return parts.filter { !$0.isEmpty } }
        return PersonalName.spellings(given: parts[0], family: parts[1])
    }

    /// Workspaces may add fields to them.
    var hasCustomFields: Bool { record.field("custom_fields") != nil }

    /// What to say where the caller may do nothing with such records, or there are none.
    var unknown: UsageProblem {
        UsageProblem(
            "there are no records \(object) with which you may do anything",
            cure: "steward object list shows those that there are")
    }

    /// By field: the commands that change it where update does not, or not a part of it.
    var changers: [String: String] { presentation.changers }

    /// The fields that the service sets and nobody else.
    var fieldsOfService: Set<String> {
        RecordNoun.standardFieldsOfService.union(presentation.fieldsOfService).filter { record.field($0) != nil }
    }

    private static let standardFieldsOfService: Set<String> = [
        "version", "create_time", "update_time", "delete_time", "shares", "sharing_selection_ids",
    ]
    private static let labels = [["display_name"], ["given_name", "family_name"], ["subject"]]
    private static let columnsMax = 6
    private static let unshown: Set<String> = [
        "id", "version", "create_time", "update_time", "delete_time", "owner_id", "department_id", "custom_fields",
        "shares",
    ]

    /// The label and the first fields of one value, references by name, and the owner.
    private var usualColumns: [String] {
        let others = record.fields.filter { field in
            !field.isRepeated && !label.contains(field.name) && !RecordNoun.unshown.contains(field.name)
        }.map { RecordColumn.reference(of: $0, in: record)?.name ?? $0.name }
        let owner = entry.ownership == .owned ? ["owner"] : []
        return ["id"] + label + others.prefix(RecordNoun.columnsMax - label.count) + owner
    }

    /// steward.customer.v1.AccountService is of the service customer.
    private static func service(_ name: String) -> String {
        Installation.current.program(offering: name)?.rawValue ?? ""
    }
}

extension RecordMessage {
    static var noun: RecordNoun { RecordNoun(entry, own: entry.isDefinedByWorkspace ? OwnNoun.current : nil) }
}

/// What the command line says of a kind of records beside what the catalogue does. A kind without one is shown as well.
struct RecordPresentation: Sendable {
    let object: String
    /// For help; nil: what the service is for.
    var abstract: String?
    /// Nil: the name and the first fields.
    var columns: [String]?
    var otherName: String?
    var changers: [String: String] = [:]
    /// Those that the service sets, beside the ones that every record has.
    var fieldsOfService: Set<String> = []

    init(
        _ object: String, _ abstract: String? = nil, columns: [String]? = nil, otherName: String? = nil,
        changers: [String: String] = [:], fieldsOfService: Set<String> = []
    ) {
        self.object = object
        self.abstract = abstract
        self.columns = columns
        self.otherName = otherName
        self.changers = changers
        self.fieldsOfService = fieldsOfService
    }

    /// In the order of help.
    static let all = [
        RecordPresentation(
            "account", "Companies and persons that the workspace does business with.",
            columns: ["id", "display_name", "city", "country_code", "phone", "email", "owner", "follow_up_time"],
            fieldsOfService: ["phone_typed"]),
        RecordPresentation(
            "contact", "Persons, with the ways to reach them.",
            columns: ["id", "given_name", "family_name", "city", "contact_points", "owner", "follow_up_time"]),
        RecordPresentation(
            "account_contact", "The places of contacts in accounts.",
            columns: ["id", "account", "contact", "role", "primary_contact"]),
        RecordPresentation(
            "activity", "Calls, mails, meetings and notes.",
            columns: ["id", "kind", "subject", "account", "contact", "occur_time", "outcome"]),
        RecordPresentation(
            "lead", "Persons and companies that may become customers.",
            columns: [
                "id", "given_name", "family_name", "company_name", "email", "status", "estimated_value", "owner",
                "next_action_time",
            ], otherName: "company_name", fieldsOfService: ["phone_typed"]),
        RecordPresentation(
            "deal", "Chances to sell, and the board they move on.",
            columns: ["id", "display_name", "account", "stage", "amount", "close_date", "owner", "update_time"],
            changers: ["stage_id": "steward deal move", "pipeline_id": "steward deal move"],
            fieldsOfService: ["stage_enter_time"]),
        RecordPresentation(
            "pipeline", "The ways that deals go.", columns: ["id", "display_name", "default_pipeline"]),
        RecordPresentation(
            "stage", "The steps of pipelines.",
            columns: ["id", "display_name", "pipeline", "position", "probability_percent", "category"]),
        RecordPresentation(
            "user", "People and programs that may sign in.",
            columns: ["id", "email", "display_name", "job_title", "department", "disabled", "last_sign_in_time"],
            fieldsOfService: ["last_sign_in_time"]),
        RecordPresentation(
            "department", "The tree of departments.", columns: ["id", "display_name", "parent_department"]),
        RecordPresentation(
            "role", "Named sets of rights.", columns: ["id", "display_name", "description", "built_in"],
            changers: ["field_policies": "steward role set-field", "grants": "steward role grant and revoke"],
            fieldsOfService: ["built_in"]),
        RecordPresentation(
            "field_definition", "Fields that the workspace has added to its records.",
            columns: ["id", "object", "name", "kind", "display_name", "required", "choices"],
            fieldsOfService: ["number", "kind_change"]),
        RecordPresentation(
            "object_definition", "Kinds of records that the workspace has defined.",
            columns: ["id", "name", "display_name", "plural_display_name", "shared", "number_format"],
            fieldsOfService: ["number"]),
        RecordPresentation(
            "choice_list", "What there is to choose from in several fields.",
            columns: ["id", "name", "display_name", "bound_fields"],
            changers: ["entries": "steward choice-list add, rename, retire, revive and merge"]),
        RecordPresentation(
            "record", "Records of an object that the workspace has defined, by its name: steward project list.",
            columns: ["id", "number", "display_name", "owner", "update_time"], otherName: "number",
            fieldsOfService: ["number"]),
        RecordPresentation(
            "saved_view", "Views of lists: filter, columns and order, kept and shared.",
            columns: ["id", "object", "display_name", "filter_expression", "default_view", "shared_with_all", "owner"]),
        RecordPresentation(
            "tag", "Tags that people put on records, for themselves or with others.",
            columns: ["id", "display_name", "colour", "shared_with_all", "owner"]),
        RecordPresentation(
            "sharing_rule", "Rules by which records are shared: those that a filter selects.",
            columns: [
                "id", "display_name", "object", "parent_object", "filter_expression", "access", "user", "department",
                "role", "until_time",
                "disabled",
            ], fieldsOfService: ["selection_id"]),
        RecordPresentation(
            "validation_rule", "Rules that records must keep: what is refused, and what is locked.",
            columns: ["id", "display_name", "object", "effect", "condition", "message", "role", "disabled"]),
    ]

    /// Where a kind stands in help: those without a presentation after the others.
    static func position(_ object: String) -> Int { all.firstIndex { $0.object == object } ?? all.count }
}

/// All nouns.
enum RecordNouns {
    static let all = ContractCatalogue.all.records.map { RecordNoun($0) }

    static func named(_ name: String) -> RecordNoun? {
        // The object of the workspace's own that this command is about is called by its name, too, any as grants call it.
        all.first { $0.name == name } ?? [Record.noun].first { $0.name == name }
            ?? (TenantObject.isObject(name) ? of(object: name) : nil)
    }

    /// The noun of a kind of records, as grants call it.
    static func of(object: String) -> RecordNoun? {
        guard TenantObject.isObject(object) else { return all.first { $0.entry.object == object } }
        return RecordNoun(Record.entry, own: String(object.dropFirst(TenantObject.prefix.count)))
    }

    /// The noun whose records are these messages; of messages for all objects of the workspace's own the one that this command is about.
    static func current(_ record: MessageDescriptor) -> RecordNoun? {
        record == Record.descriptor ? Record.noun : of(record)
    }

    /// The noun whose records are these messages.
    static func of(_ record: MessageDescriptor) -> RecordNoun? { all.first { $0.record == record } }

    /// Whether a text is the id of a record, rather than what one is called.
    static func isID(_ text: String) -> Bool { RecordID(text) != nil }
}
