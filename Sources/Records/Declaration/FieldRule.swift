package import Tenancy

/// What is special about a field of a record type. A field without a rule is optional. A text needs one that limits it: `line`,
/// `lines` or `format`.
package struct FieldRule: Sendable {
    package let name: String
    package let traits: [FieldTrait]

    package static func field(_ name: String, _ traits: FieldTrait...) -> FieldRule {
        FieldRule(name: name, traits: traits)
    }
}

/// One property of a field. A trait that does not fit the field's type is refused when the program starts.
package enum FieldTrait: Sendable {
    /// The field must be set (a repeated one: not be empty). Checked before the guard runs.
    case required
    /// A text of one line, or several of them in a repeated field, and how many characters (Unicode scalars) each has at
    /// most.
    case line(Int)
    /// A text of several lines, and how many characters (Unicode scalars) it has at most.
    case lines(Int)
    /// Values of a number, or of the minor units of an amount of money.
    case range(ClosedRange<Int64>)
    /// A day that has been, and not before this year: a birthday. Tomorrow is allowed, since it is today somewhere.
    case past(sinceYear: Int)
    /// Elements of a repeated field.
    case count(ClosedRange<Int>)
    /// Form of a text of one line, which limits its length, too. A phone number `phone` whose message has a text `phone_typed` keeps there what was
    /// typed for it.
    case format(FieldFormat)
    /// May be set on creation only.
    case immutable
    /// Set by the service; what a client sends is ignored on creation and refused in an update mask.
    case outputOnly
    /// A rule of the type sets it where the client does not: every record has a value, and its column is NOT NULL.
    case filled
    /// Not stored in a column of its own; the service computes it.
    case derived
    /// Unique among living records, by the constraint (or unique index) of this name. `ignoringCase` says that the
    /// index is on lower(column).
    case unique(String, ignoringCase: Bool)
    /// Names another record, which must exist, live and be readable for the caller when the field is set.
    case reference(ReferenceTarget)
    /// Is always the same as this field of a record that another field names, as deal.pipeline_id is the
    /// stage.pipeline_id of its stage: who may not read it may not compare with that one either.
    case copy(of: String)
    /// A way to reach somebody: filters compare it in the form of what it looks like (`NormalForms.reach`), in which a rule of the type stores it.
    case reach
    /// Holds what was typed for a number beside it, which is what the record is found by.
    case typed
    /// Lists in its order are fast at any length: there is an index `<table>_<column>_idx` of the living records on the
    /// column (a text in the order of `TextOrder.root.collation`) and the id.
    case indexed
    /// A text, or messages with texts, of which filters look for a part (`~`) or a beginning (`^=`): found fast however many records there are, by the
    /// index `<table>_parts_idx` (`PartIndex`). It costs each write of the field some 2 µs for each letter, so long texts are not declared so.
    case foundByPart
    /// The value 0 of the enum may be stored.
    case allowsUnspecified
    /// Rules for the fields of a nested message, or of each message of a repeated field.
    case items([FieldRule])
    /// Name of the column where it does not follow from the field's name.
    case column(String)

    /// Unique among living records, upper and lower case being different.
    package static func unique(_ constraint: String) -> FieldTrait {
        .unique(constraint, ignoringCase: false)
    }
}

/// What a reference field names.
package enum ReferenceTarget: Hashable, Sendable {
    /// A record of this object kind in the same service; the table has a foreign key.
    case record(String)
    /// A record of this object kind in another service; checked by a call to it.
    case remote(String, in: ServiceName)
    /// A user of the tenant who may sign in.
    case user
    /// A department of the tenant.
    case department

    /// The kind of records, whoever keeps them; nil for users and departments.
    var object: String? {
        switch self {
        case .record(let object), .remote(let object, _): object
        case .user, .department: nil
        }
    }
}

/// A constraint over several fields, or one that no field rule names. Texts among them are keys, as those of a `unique` field are.
package struct ConstraintRule: Sendable {
    /// Name in the database.
    package let name: String
    /// The fields it is about; the first is the one that an error names.
    package let fields: [String]
    /// Reason of the error, as in CONTACT_ALREADY_LINKED.
    package let reason: String
    /// The texts are the same in upper and lower case: the index is on lower(column) of each.
    package let ignoringCase: Bool

    package init(_ name: String, fields: [String], reason: String, ignoringCase: Bool = false) {
        self.name = name
        self.fields = fields
        self.reason = reason
        self.ignoringCase = ignoringCase
    }
}

/// The fields of an owned record that say who may read it beside those whose scopes cover it, if a role lets them read any record of the type:
/// everybody, those who work in a department or below it, those who have a role. In get, lists, counts, watches and histories alike.
package struct ReaderRule: Sendable {
    /// A truth value.
    package let everybody: String
    /// Ids of departments.
    package let departments: String
    /// Ids of roles.
    package let roles: String

    package init(everybody: String, departments: String, roles: String) {
        (self.everybody, self.departments, self.roles) = (everybody, departments, roles)
    }
}

/// A record type that does not fit its message or table. Found when the program starts.
package struct DeclarationError: Error, CustomStringConvertible {
    package let object: String
    /// What is wrong and the cure, one sentence each.
    package let problems: [String]

    package var description: String {
        "The declaration of \(object) is wrong: \(problems.joined(separator: " "))"
    }
}
