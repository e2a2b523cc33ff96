import AccessControl
import Contracts
import Tenancy
import Text
import Wire

extension ObjectField {
    /// What a caller is to know of a field that is not hidden from him.
    init(_ field: RecordField, _ call: RecordCall, of service: ServiceName, in language: String?) throws {
        let label = field.added?.label(in: language)
        self.init(name: field.name, displayName: label?.displayName, description: label?.description)
        let rules = field.rules
        tell(field.descriptor, rules, as: field.kind.told)
        if field.descriptor.isRepeated {
            countMin = rules.count.map { Int32($0.lowerBound) }
            countMax = Int32(field.role == .tags ? PolicyTag.perRecordMax : field.elementCountMax)
        }
        required = rules.isRequired ? true : nil
        alwaysSet = field.isAlwaysSet ? true : nil
        immutable = field.isImmutable ? true : nil
        outputOnly = field.isOutputOnly ? true : nil
        if let key = rules.unique { (unique, uniqueIgnoresCase) = (true, key.ignoringCase ? true : nil) }
        if field.isUniqueCustom { (unique, uniqueIgnoresCase) = (true, rules.text != nil ? true : nil) }
        reference =
            field.role == .tags
            ? FieldReference(object: PolicyTag.object, service: ServiceName.identity.rawValue)
            : try field.target.map { try FieldReference($0, of: field, call, service) }
        copyOf = rules.original
        readOnly = field.isReadOnly ? true : nil
        formula = field.added?.formula
        rollUp = field.added?.rollUp.map { RollUp($0) }
        textOf = rules.textOf
        if let list = rules.choices {
            choiceList = list.name
            choices = list.entries.map { FieldChoice($0, in: language) }
        }
        (pattern, patternMessage) = (rules.pattern?.text, rules.pattern?.message)
        defaultValue = field.added?.defaultValue.map { CustomField($0) }
        tellUse(field.name, call)
        access = call.access(to: field)
        parts = field.parts(call)
    }

    /// A part of a field: of an amount, or of a message.
    fileprivate init(_ part: FieldDescriptor, _ rules: FieldRules, of field: RecordField, _ call: RecordCall) {
        self.init(name: part.name)
        tell(part, rules, as: ColumnKind(part, isPlainText: true)?.told)
        required = rules.isRequired ? true : nil
        tellUse("\(field.name).\(part.name)", call)
    }

    /// What its values may be.
    private mutating func tell(_ field: FieldDescriptor, _ rules: FieldRules, as kind: ValueKind?) {
        self.kind = kind
        list = field.isRepeated ? true : nil
        format = rules.format.map(TextFormat.init)
        multiline = rules.text?.form == .multiLine ? true : nil
        lengthMax = rules.text.map { Int32($0.lengthMax) }
        valueMin = rules.range?.lowerBound
        valueMax = rules.range?.upperBound
        decimals = rules.decimals.map { Int32($0) }
        pastSinceDate = rules.pastSince?.text
        if case .enumeration(let values) = field.kind {
            choices = values.values.filter { $0.number != 0 || rules.allowsUnspecified }.map {
                FieldChoice(text: $0.name, number: $0.number)
            }
        }
    }

    /// What the caller may compare and order by it.
    private mutating func tellUse(_ path: String, _ call: RecordCall) {
        guard let target = FilterTarget(path, in: call.type), call.rights.isReadable(target.field) else { return }
        filterOperators = FilterResolver.comparators(of: target).map { ComparisonOperator(rawValue: $0.rawValue) }
        if target.sortColumn != nil {
            sortable = true
            indexed = target.isIndexed || [.id, .createTime].contains(target.field.role) ? true : nil
        }
    }
}

extension RollUp {
    fileprivate init(_ rollUp: TenantRollUp) {
        let function: RollUpFunction =
            switch rollUp.function {
            case .count: .count
            case .sum: .sum
            case .least: .min
            case .most: .max
            case .latest: .latest
            }
        self.init(
            object: rollUp.object, reference: rollUp.reference, function: function, field: rollUp.value,
            timeField: rollUp.time, filterExpression: rollUp.filter)
    }
}

extension FieldChoice {
    fileprivate init(_ choice: TenantChoice, in language: String?) {
        self.init(
            text: choice.value, displayName: choice.label(in: language), colour: choice.colour,
            retired: choice.isRetired ? true : nil)
    }
}

extension RecordCall {
    /// What the caller may do with a field. Who writes no record writes no field of it.
    fileprivate func access(to field: RecordField) -> FieldAccess {
        switch rights.level(of: field) {
        case .none: .none
        case .masked: .masked
        case .read: .read
        case .write where field.isReadOnly: may(.create) && may(.import) ? .write : .read
        case .write: !field.isOutputOnly && (may(.create) || may(.update)) ? .write : .read
        }
    }
}

extension RecordField {
    /// What its ids are of.
    fileprivate var target: ReferenceTarget? {
        switch role {
        case .owner: .user
        case .department: .department
        default: rules.reference
        }
    }

    fileprivate func parts(_ call: RecordCall) -> [ObjectField] {
        switch kind {
        case .money(let fields):
            let currency = FieldRules([.format(.currency)])
            var amount = FieldRules()
            amount.range = rules.range
            return [
                ObjectField(fields.currency, currency, of: self, call),
                ObjectField(fields.minorUnits, amount, of: self, call),
            ]
        case .json(let message):
            return message.fields.map { ObjectField($0, rules.items[$0.name] ?? FieldRules(), of: self, call) }
        default: return []
        }
    }
}

extension FieldReference {
    fileprivate init(
        _ target: ReferenceTarget, of field: RecordField, _ call: RecordCall, _ service: ServiceName
    ) throws {
        let (object, keeper) =
            switch target {
            case .record(let object): (object, service)
            case .remote(let object, let other): (object, other)
            case .user: ("user", ServiceName.identity)
            case .department: ("department", ServiceName.identity)
            }
        let isFollowed = try call.following(target)?.may(.read) == true && call.rights.isReadable(field)
        self.init(object: object, service: keeper.rawValue, followed: isFollowed ? true : nil)
    }
}

extension ColumnKind {
    fileprivate var told: ValueKind {
        switch self {
        case .text, .textArray: .text
        case .id, .idArray: .id
        case .int32, .int64: .wholeNumber
        case .double: .number
        case .bool: .yesNo
        case .time: .time
        case .date: .date
        case .enumeration: .enum
        case .money: .money
        case .json: .structure
        }
    }
}

extension TextFormat {
    fileprivate init(_ format: FieldFormat) {
        self =
            switch format {
            case .email: .email
            case .phone: .phone
            case .url: .url
            case .currency: .currency
            case .country: .country
            case .language: .language
            case .timeZone: .timeZone
            }
    }
}
