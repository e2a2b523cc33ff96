import Contracts
import RPC
import Tenancy
import Wire

/// A kind of records on the command line. Everything else about it comes from the descriptors of its methods.
protocol RecordNoun: Sendable {
    /// As typed, in the singular.
    static var name: String { get }
    static var abstract: String { get }
    /// The methods of its service.
    static var methods: [MethodDefinition] { get }
    /// The record message.
    static var record: MessageDescriptor { get }
    /// The columns that a table shows unless others are asked for: fields, and names of other records, as in stage.
    static var columns: [String] { get }
    /// The fields that people call a record by, written side by side; none when it has no name.
    static var label: [String] { get }
    /// By field: the commands that change it where update does not, or not a part of it.
    static var changers: [String: String] { get }
}

extension RecordNoun {
    static var label: [String] { ["display_name"] }
    static var changers: [String: String] { [:] }

    /// The standard method with this verb, as in List.
    static func method(_ verb: String) throws -> MethodDefinition {
        guard
            let method = methods.first(where: {
                $0.name.hasPrefix(verb) && $0.name.dropFirst(verb.count).first?.isUppercase == true
            })
        else {
            throw UsageProblem("\(name) has no such method", cure: "steward describe lists the methods")
        }
        return method
    }
}

enum AccountNoun: RecordNoun {
    static let name = "account"
    static let abstract = "Companies and persons that the workspace does business with."
    static let methods = AccountServiceMethods.all
    static let record = Account.descriptor
    static let columns = ["id", "display_name", "city", "country_code", "phone", "email", "owner", "follow_up_time"]
}

enum ContactNoun: RecordNoun {
    static let name = "contact"
    static let abstract = "Persons, with the ways to reach them."
    static let methods = ContactServiceMethods.all
    static let record = Contact.descriptor
    static let columns = ["id", "given_name", "family_name", "city", "contact_points", "owner", "follow_up_time"]
    static let label = ["given_name", "family_name"]
}

enum AccountContactNoun: RecordNoun {
    static let name = "account-contact"
    static let abstract = "The places of contacts in accounts."
    static let methods = AccountContactServiceMethods.all
    static let record = AccountContact.descriptor
    static let columns = ["id", "account", "contact", "role", "primary_contact"]
    static let label: [String] = []
}

enum ActivityNoun: RecordNoun {
    static let name = "activity"
    static let abstract = "Calls, mails, meetings and notes."
    static let methods = ActivityServiceMethods.all
    static let record = Activity.descriptor
    static let columns = ["id", "kind", "subject", "account", "contact", "occur_time", "outcome"]
    static let label = ["subject"]
}

enum DealNoun: RecordNoun {
    static let name = "deal"
    static let abstract = "Chances to sell, and the board they move on."
    static let methods = DealServiceMethods.all
    static let record = Deal.descriptor
    static let columns = ["id", "display_name", "account", "stage", "amount", "close_date", "owner", "update_time"]
    static let changers = ["stage_id": "steward deal move", "pipeline_id": "steward deal move"]
}

enum PipelineNoun: RecordNoun {
    static let name = "pipeline"
    static let abstract = "The ways that deals go."
    static let methods = PipelineServiceMethods.all
    static let record = Pipeline.descriptor
    static let columns = ["id", "display_name", "default_pipeline"]
}

enum StageNoun: RecordNoun {
    static let name = "stage"
    static let abstract = "The steps of pipelines."
    static let methods = StageServiceMethods.all
    static let record = Stage.descriptor
    static let columns = ["id", "display_name", "pipeline", "position", "probability_percent", "category"]
}

enum UserNoun: RecordNoun {
    static let name = "user"
    static let abstract = "People and programs that may sign in."
    static let methods = UserServiceMethods.all
    static let record = User.descriptor
    static let columns = ["id", "email", "display_name", "job_title", "department", "disabled", "last_sign_in_time"]
}

enum DepartmentNoun: RecordNoun {
    static let name = "department"
    static let abstract = "The tree of departments."
    static let methods = DepartmentServiceMethods.all
    static let record = Department.descriptor
    static let columns = ["id", "display_name", "parent_department"]
}

enum RoleNoun: RecordNoun {
    static let name = "role"
    static let abstract = "Named sets of rights."
    static let methods = RoleServiceMethods.all
    static let record = Role.descriptor
    static let columns = ["id", "display_name", "description", "built_in"]
    static let changers = ["field_policies": "steward role set-field", "grants": "steward role grant and revoke"]
}

/// All nouns.
enum RecordNouns {
    static let all: [any RecordNoun.Type] = [
        AccountNoun.self, ContactNoun.self, AccountContactNoun.self, ActivityNoun.self, DealNoun.self,
        PipelineNoun.self, StageNoun.self, UserNoun.self, DepartmentNoun.self, RoleNoun.self,
    ]

    static func named(_ name: String) -> (any RecordNoun.Type)? { all.first { $0.name == name } }

    /// Whether a text is the id of a record, rather than what one is called.
    static func isID(_ text: String) -> Bool { RecordID(text) != nil }
}
