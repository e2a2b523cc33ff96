import AccessControl
import Contracts
import Text
import Wire

// The shape of a record type in a workspace: the declared fields and those that the workspace has added. The engine works with shapes
// (`RecordCall.type`): a custom field is a field as any other, whose values are in the column `custom`, and in `custom_fields` on the wire.
extension RecordType {
    /// The type with the fields that the workspace has added to it; itself where there are none. Of a mirror those of the source are not here.
    func shaped(by model: TenantModel) -> RecordType { shaped(by: model, as: object) ?? self }

    /// The same of an object that the workspace has defined, where this is what is declared of all; nil for one that it has not.
    func shaped(by model: TenantModel, as object: String) -> RecordType? {
        let declared = template ?? declared ?? self
        guard declared.customColumn != nil else { return declared }
        let own = model.object(object)
        if declared.isTemplate, own == nil { return nil }
        return model.shape(of: object) { fields in
            let type = own.map { RecordType(declared, of: $0) } ?? declared
            let bound = model.boundFields(of: object)
            let isPlain = fields.isEmpty && bound.isEmpty && model.rules(of: object).isEmpty
            return isPlain ? type : RecordType(type, adding: fields, in: model, binding: bound)
        } ?? declared
    }

    private convenience init(
        _ declared: RecordType, adding custom: [TenantField], in model: TenantModel,
        binding bound: [String: TenantChoiceList]
    ) {
        let names = Set(custom.map(\.name))
        // What was typed for a phone number stands behind it, unless the workspace has given that name to a field of its own.
        // What the values of a field will be stands behind it, too.
        let custom = custom.flatMap { field -> [TenantField] in
            let typed = field.typed.flatMap { names.contains($0.name) ? nil : $0 }
            return [field, typed, field.successor].compactMap(\.self)
        }
        let added = MessageExtension(
            of: declared.message,
            adding: custom.map(\.wireField))
        let fields = zip(custom, added.fields).enumerated().map { index, field in
            let isKept = field.0.kind == .phone && index + 1 < custom.count && custom[index + 1].isTyped
            return RecordField(
                field.0, field.1, index: declared.fields.count + index, choices: model.choices(of: field.0),
                typed: isKept ? added.fields[index + 1] : nil)
        }
        self.init(
            declared, adding: fields, added, binding: bound, rollUps: fields.compactMap { ShapedRollUp($0, in: model) },
            demanding: model.rules(of: declared.object))
    }
}

extension RecordField {
    /// A field that a workspace has added.
    convenience init(
        _ custom: TenantField, _ descriptor: FieldDescriptor, index: Int, choices: TenantChoiceList?,
        typed: FieldDescriptor? = nil
    ) {
        let kind = custom.columnKind
        self.init(
            index: index, descriptor: descriptor, kind: kind, columns: [], firstColumn: 0,
            rules: FieldRules(custom, choices),
            role: nil, added: custom,
            expressions: kind.expressions(
                in: Self.customColumn, under: descriptor.name, isIndexed: custom.isIndexed),
            typed: typed)
    }

    /// Behind the name of a phone number, of the field for what was typed.
    static let typedSuffix = TenantField.typedSuffix

    static let customColumn = "custom"
}

extension TenantField {
    /// Its name in the column, in the ledger and in messages of the shape. No declared field has a dot in its name.
    private var key: String { "\(Self.prefix)\(number)" + (isTyped ? Self.typedSuffix : "") }

    /// As messages of the shape have it.
    var wireField: MessageExtension.Field { .init(key, wireKind, isRepeated: kind == .choices) }

    private var wireKind: FieldDescriptor.Kind {
        switch kind {
        case .text, .longText, .date, .choice, .choices, .email, .phone, .url, .reference: .string
        case .wholeNumber: .int64
        case .number: .double
        case .yesNo: .bool
        case .time: .message(CustomWire.timestamp)
        case .money: .message(Money.descriptor)
        }
    }

    fileprivate var columnKind: ColumnKind {
        switch kind {
        case .text, .longText, .choice, .email, .phone, .url: .text
        case .choices: .textArray
        case .date: .date
        case .reference: .id
        case .wholeNumber: .int64
        case .number: .double
        case .yesNo: .bool
        case .time: .time(CustomWire.timestampFields)
        case .money: .money(CustomWire.moneyFields)
        }
    }

    /// Most characters of a text that has no limit of its own, and the most that it may be given.
    package static let (lineDefault, lineMax, linesMax, choiceMax) = (255, 1_000, 10_000, 100)
}

extension FieldRules {
    fileprivate init(_ custom: TenantField, _ choices: TenantChoiceList?) {
        self.init()
        if custom.isTyped { self.init(typedOf: String(custom.path.dropLast(TenantField.typedSuffix.count))) }
        isRequired = custom.isRequired
        isOutputOnly = isOutputOnly || custom.formula != nil || custom.rollUp != nil || custom.isSuccessor
        // What looks the same is to be the same.
        isKey = custom.isUnique
        isIndexed = custom.isIndexed
        range = custom.range
        pattern = custom.pattern.map { FieldPattern(text: $0, message: custom.patternMessage) }
        switch custom.kind {
        case .text where custom.isTyped: break
        case .text:
            declaredText = TextRule(
                .oneLine, lengthMax: min(custom.lengthMax ?? TenantField.lineDefault, TenantField.lineMax))
        case .longText:
            declaredText = TextRule(
                .multiLine,
                lengthMax: min(
                    custom.lengthMax ?? TenantField.linesMax,
                    custom.pattern == nil ? TenantField.linesMax : TextPattern.textLengthMax))
        case .choice, .choices:
            declaredText = TextRule(.oneLine, lengthMax: TenantField.choiceMax)
            self.choices = choices
            if custom.kind == .choices { count = 0...max(1, choices?.entries.count ?? 0) }
        case .email: format = .email
        case .phone: format = .phone
        case .url: format = .url
        case .reference: reference = custom.referenceObject.map { ReferenceTarget($0) }
        case .number: decimals = custom.decimals
        case .wholeNumber, .money, .yesNo, .date, .time: break
        }
    }
}

extension ReferenceTarget {
    /// What a field names that a workspace has added: identity takes no kind of records that another service keeps.
    fileprivate init(_ object: String) {
        switch object {
        case "user": self = .user
        case "department": self = .department
        default: self = .record(object)
        }
    }
}

/// The messages in which values of custom fields come and go.
enum CustomWire {
    static let item = CustomField.descriptor
    static let timestamp: MessageDescriptor = {
        guard case .message(let time)? = item.field("time_value")?.kind else {
            preconditionFailure("time_value is a message")
        }
        return time
    }()
    static let timestampFields: TimestampFields = {
        guard let fields = TimestampFields(timestamp) else { preconditionFailure("time_value is a time") }
        return fields
    }()
    static let moneyFields: MoneyFields = {
        guard let fields = MoneyFields(Money.descriptor) else { preconditionFailure("Money is money") }
        return fields
    }()

    static let name = known("name")
    static let text = known("string_value")
    static let integer = known("int_value")
    static let number = known("double_value")
    static let flag = known("bool_value")
    static let time = known("time_value")
    static let money = known("money_value")
    static let texts = known("string_values")

    /// What may hold a value.
    static let values = [text, integer, number, flag, time, money, texts]

    private static func known(_ name: String) -> FieldDescriptor {
        guard let field = item.field(name) else { preconditionFailure("CustomField has \(name)") }
        return field
    }
}

extension ColumnKind {
    /// SQL of the values that a member of a jsonb column holds: one, or two for money.
    ///
    /// - Parameter isIndexed: SQL of which PostgreSQL knows that it depends on nothing but the column: what a text says as a day or a moment it takes
    ///   for a matter of settings.
    fileprivate func expressions(in column: String, under key: String, isIndexed: Bool) -> [String] {
        let (json, text) = ("\(column)->'\(key)'", "\(column)->>'\(key)'")
        switch self {
        case .text: return ["(\(text))"]
        case .id: return ["(\(text))::uuid"]
        case .textArray, .idArray:
            return ["ARRAY(SELECT jsonb_array_elements_text(\(json)))"]
        case .int32, .int64, .enumeration: return ["(\(text))::bigint"]
        case .double: return ["(\(text))::double precision"]
        case .bool: return ["(\(text))::boolean"]
        case .time where isIndexed:
            func part(_ start: Int, _ length: Int) -> String { "substr(\(text), \(start), \(length))::int" }
            let (day, clock) = ([(1, 4), (6, 2), (9, 2)].map(part), [(12, 2), (15, 2)].map(part))
            let seconds = "rtrim(substr(\(text), 18), 'Z')::double precision"
            return [
                "(make_timestamp(\((day + clock).joined(separator: ", ")), \(seconds)) AT TIME ZONE 'UTC')"
            ]
        case .date where isIndexed:
            let parts = [(1, 4), (6, 2), (9, 2)].map { "substr(\(text), \($0.0), \($0.1))::int" }
            return ["make_date(\(parts.joined(separator: ", ")))"]
        case .time: return ["(\(text))::timestamptz"]
        case .date: return ["(\(text))::date"]
        case .money(let fields):
            return ["(\(json)->>'\(fields.minorUnits.name)')::bigint", "(\(json)->>'\(fields.currency.name)')"]
        case .json: return ["(\(json))"]
        }
    }
}
