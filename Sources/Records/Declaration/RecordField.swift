import AccessControl
import Tenancy
import Text
package import Wire

/// A field of a record type, with everything that is known of it resolved when the program starts. Made once; going through the fields
/// of a type copies none.
package final class RecordField: Sendable {
    /// Position in `RecordType.fields`.
    let index: Int
    package let descriptor: FieldDescriptor
    /// As masks, filters, orders and errors call it.
    package let name: String
    let kind: ColumnKind
    /// Names of its columns: one, or two for money; none for a custom field.
    package let columns: [String]
    /// SQL of its values: the columns, or members of one.
    let expressions: [String]
    /// Position of its first column in a row.
    let firstColumn: Int
    let rules: FieldRules
    /// What the engine itself does with it.
    let role: StandardField?
    /// The definition of a field that the workspace has added.
    let added: TenantField?
    /// Of a phone number: where stands what was typed for it, when that is another text.
    let typed: FieldDescriptor?

    init(
        index: Int, descriptor: FieldDescriptor, kind: ColumnKind, columns: [String], firstColumn: Int,
        rules: FieldRules,
        role: StandardField?, added: TenantField? = nil, expressions: [String]? = nil, typed: FieldDescriptor? = nil
    ) {
        self.index = index
        self.descriptor = descriptor
        self.name = added?.path ?? descriptor.name
        self.expressions = expressions ?? columns
        self.kind = kind
        self.columns = columns
        self.firstColumn = firstColumn
        self.rules = rules
        self.role = role
        self.added = added
        self.typed = typed
    }

    /// The same where a workspace has bound its text to a choice list.
    func bound(to list: TenantChoiceList) -> RecordField {
        var rules = rules
        rules.choices = list
        return RecordField(
            index: index, descriptor: descriptor, kind: kind, columns: columns, firstColumn: firstColumn, rules: rules,
            role: role, typed: typed)
    }

    /// The same where its value is that of another field, as text.
    func text(of source: RecordField) -> RecordField {
        var rules = rules
        (rules.isRequired, rules.isOutputOnly, rules.textOf) = (false, true, source.name)
        return RecordField(
            index: index, descriptor: descriptor, kind: kind, columns: columns, firstColumn: firstColumn, rules: rules,
            role: role, typed: typed)
    }

    /// What the ledger calls it, and the column of custom fields: stays the same when a custom field gets another name.
    var key: String { descriptor.name }
    /// The workspace has added it.
    var isCustom: Bool { added != nil }
    /// It holds what the values of another field will be.
    var isSuccessor: Bool { added?.isSuccessor == true }
    /// SQL of its first, and mostly only, value: its column, or a member of one.
    var column: String { expressions[0] }
    /// A client may not write it.
    var isOutputOnly: Bool { rules.isOutputOnly || role?.isSetByEngine == true }
    var isImmutable: Bool { rules.isImmutable || role == .id }
    /// Every record has a value: its columns are NOT NULL.
    var isAlwaysSet: Bool {
        switch role {
        case .id, .version, .createTime, .updateTime, .owner: true
        default: !isCustom && (rules.isFilled || rules.isRequired && !descriptor.isRepeated)
        }
    }
    /// Elements of a repeated field.
    var elementCountMax: Int { rules.count?.upperBound ?? RecordValidator.elementCountMax }
}

/// The fields that every record has, and those of owned ones.
enum StandardField: String, Sendable {
    case id
    case version
    case createTime = "create_time"
    case updateTime = "update_time"
    case deleteTime = "delete_time"
    case owner = "owner_id"
    case department = "department_id"
    case customFields = "custom_fields"
    case shares
    case tags = "tag_ids"
    case selections = "sharing_selection_ids"

    /// What a client sends for it is ignored. The id may be chosen by the client on creation.
    var isSetByEngine: Bool {
        switch self {
        case .version, .createTime, .updateTime, .deleteTime, .shares, .selections: true
        case .id, .owner, .department, .customFields, .tags: false
        }
    }
}

/// The traits of one field, in the form in which they are used.
struct FieldRules: Sendable {
    var isRequired = false
    var isImmutable = false
    var isOutputOnly = false
    var isDerived = false
    var isFilled = false
    var allowsUnspecified = false
    var isIndexed = false
    var isFoundByPart = false
    /// Path of the field that it is the same as.
    var original: String?
    /// The field whose value it is, as text.
    var textOf: String?
    /// Name of the phone number for which it holds what was typed. Whoever may not read that reads none of it.
    var typedOf: String?
    /// It holds what was typed for a phone number.
    var isTyped = false
    /// A way to reach somebody, compared by what it looks like.
    var isReach = false
    /// The first day of a field that is `past`.
    var pastSince: CalendarDay?
    /// Declared by `line` or `lines`.
    var declaredText: TextRule?
    var range: ClosedRange<Int64>?
    /// Most digits after the point of a number.
    var decimals: Int?
    /// What a text may be; nil for any.
    var choices: TenantChoiceList?
    var count: ClosedRange<Int>?
    var format: FieldFormat?
    /// The form that a workspace demands of its texts.
    var pattern: FieldPattern?
    var reference: ReferenceTarget?
    var unique: (constraint: String, ignoringCase: Bool)?
    /// It is unique, alone or with other fields.
    var isKey = false
    var column: String?
    /// Rules of the fields of a nested message, by name.
    var items: [String: FieldRules] = [:]

    /// What its text may be; nil when nothing was declared.
    var text: TextRule? { declaredText ?? format.map { TextRule(.oneLine, lengthMax: $0.lengthMax) } }

    init(_ traits: [FieldTrait] = []) {
        for trait in traits { apply(trait) }
    }

    /// Of the text that was typed for a phone number: what validation lets through.
    init(typedOf name: String) {
        self.init([.line(PhoneNumber.typedLengthMax), .outputOnly])
        (typedOf, isTyped) = (name, true)
    }

    private mutating func apply(_ trait: FieldTrait) {
        switch trait {
        case .required: isRequired = true
        case .line(let count): declaredText = TextRule(.oneLine, lengthMax: count)
        case .lines(let count): declaredText = TextRule(.multiLine, lengthMax: count)
        case .range(let values): range = values
        case .past(let year): pastSince = CalendarDay(year: year, month: 1, day: 1)
        case .count(let elements): count = elements
        case .format(let form): format = form
        case .immutable: isImmutable = true
        case .outputOnly: isOutputOnly = true
        case .derived: isDerived = true
        case .filled: isFilled = true
        case .unique(let constraint, let ignoringCase):
            unique = (constraint, ignoringCase)
            isKey = true
        case .reference(let target): reference = target
        case .allowsUnspecified: allowsUnspecified = true
        case .indexed: isIndexed = true
        case .foundByPart: isFoundByPart = true
        case .copy(let path): original = path
        case .reach: isReach = true
        case .typed: isTyped = true
        case .items(let rules):
            items = Dictionary(
                rules.map { ($0.name, FieldRules($0.traits)) }, uniquingKeysWith: { first, _ in first })
        case .column(let name): column = name
        }
    }
}
