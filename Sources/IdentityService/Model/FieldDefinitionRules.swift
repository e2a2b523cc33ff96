import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import ServiceHost
import Tenancy
import Text

/// What the parts of a definition must be together.
enum FieldDefinitionRules {
    static let choicesMax = 200
    static let labelsMax = 20
    /// Of an object: each is written with each of its records.
    static let indexesMax: Int64 = 10

    /// Of a default: the most that any kind of field allows. What its own allows is checked with the rest.
    static let valueParts: [FieldRule] = [
        .field("name", .line(TenantField.nameLengthMax)), .field("string_value", .lines(TenantField.linesMax)),
        .field("string_values", .line(TenantField.choiceMax), .count(0...choicesMax)),
        .field("money_value", .items([.field("currency_code", .format(.currency))])),
    ]

    static let labelParts: [FieldRule] = [
        .field("language_code", .required, .format(.language)), .field("display_name", .required, .line(100)),
        .field("description", .lines(1_000)),
    ]

    static func violations(of field: FieldDefinition, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        func refuse(_ path: String, _ reason: String, _ text: String) {
            violations.append(FieldViolation(field: path, reason: reason, description: text))
        }
        let object = field.object ?? ""
        if !catalogue.extensible.contains(object), !TenantObject.isObject(object) {
            let known = catalogue.extensible.sorted().joined(separator: ", ")
            refuse(
                "object", "FIELD_OBJECT_UNKNOWN",
                "Fields can be added to: \(known), and as \(TenantObject.prefix)NAME to objects of the workspace's own."
            )
        }
        if !TenantField.isName(field.name ?? "") {
            refuse(
                "name", "INVALID_FORMAT",
                "name must be 1 to \(TenantField.nameLengthMax) small letters, digits and underscores, a letter first, as in contract_end."
            )
        }
        let kind = field.kind ?? .unspecified
        if let lengthMax = field.lengthMax {
            switch kind {
            case .text:
                if lengthMax > TenantField.lineMax {
                    refuse(
                        "length_max", "OUT_OF_RANGE",
                        "length_max of a text of one line is at most \(TenantField.lineMax).")
                }
            case .longText: break
            default: refuse("length_max", "NOT_APPLICABLE", "Only a text has a length_max; leave it out.")
            }
        }
        if field.valueMin != nil || field.valueMax != nil {
            switch kind {
            case .wholeNumber, .number, .money:
                if let least = field.valueMin, let most = field.valueMax, least > most {
                    refuse("value_max", "OUT_OF_RANGE", "value_max is less than value_min.")
                }
            default:
                refuse(
                    field.valueMin == nil ? "value_max" : "value_min", "NOT_APPLICABLE",
                    "Only numbers and amounts have a least and a most; leave them out.")
            }
        }
        switch kind {
        case .choice, .choices:
            if field.choices.isEmpty, field.choiceList == nil {
                refuse(
                    "choices", "REQUIRED", "Say what there is to choose from, or name a choice list in choice_list.")
            }
            if !field.choices.isEmpty, field.choiceList != nil {
                refuse(
                    "choice_list", "NOT_APPLICABLE",
                    "A field has choices of its own or those of a choice list; leave one of them out.")
            }
            if Set(field.choices).count < field.choices.count {
                refuse("choices", "DUPLICATE", "A choice is there twice.")
            }
        default:
            if !field.choices.isEmpty {
                refuse("choices", "NOT_APPLICABLE", "Only a choice has choices; leave them out.")
            }
            if field.choiceList != nil {
                refuse("choice_list", "NOT_APPLICABLE", "Only a choice has a choice list; leave it out.")
            }
        }
        if field.unique == true {
            if kind == .choices {
                refuse("unique", "NOT_APPLICABLE", "Several choices are never unique; leave it out.")
            }
            if field.defaultValue != nil {
                refuse(
                    "default_value", "NOT_APPLICABLE", "Values that are unique have no default; leave one of them out.")
            }
        }
        if field.indexed == true, TenantField.Kind(kind)?.mayBeIndexed == false {
            refuse(
                "indexed", "NOT_APPLICABLE",
                "There is no index of notes, of several choices or of web addresses; leave it out.")
        }
        if field.indexed == true, kind == .text, field.lengthMax ?? 0 > TenantField.indexedLengthMax {
            refuse(
                "length_max", "OUT_OF_RANGE",
                "A text that is indexed has at most \(TenantField.indexedLengthMax) characters; lower length_max, or leave indexed out."
            )
        }
        if field.decimals != nil, kind != .number {
            refuse("decimals", "NOT_APPLICABLE", "Only a number has decimals; leave it out.")
        }
        violations += referenceViolations(of: field, catalogue)
        violations += patternViolations(of: field) + Self.violations(of: field.labels, at: "labels")
        violations += formulaViolations(of: field) + RollUpRules.violations(of: field, catalogue)
        // What is wrong with the field itself says more than what would be wrong with a value of it. What a choice list has is asked in the transaction.
        guard violations.isEmpty, field.choiceList == nil else { return violations }
        let hasChoices = kind == .choice || kind == .choices
        return defaultViolations(of: field, hasChoices ? TenantChoiceList(own: field.choices) : nil)
    }

    /// What is wrong with what new records get.
    ///
    /// - Parameter choices: what there is to choose from; nil for a field in which nothing is chosen.
    static func defaultViolations(of field: FieldDefinition, _ choices: TenantChoiceList?) -> [FieldViolation] {
        guard let value = field.defaultValue, let definition = TenantField(ModelField(field)) else { return [] }
        return definition.violations(ofDefault: value, at: "default_value", choices: choices)
    }

    private static func referenceViolations(
        of field: FieldDefinition, _ catalogue: RoleCatalogue
    ) -> [FieldViolation] {
        func refused(_ path: String, _ reason: String, _ text: String) -> [FieldViolation] {
            [FieldViolation(field: path, reason: reason, description: text)]
        }
        guard field.kind == .reference else {
            guard field.referenceObject != nil else { return [] }
            return refused(
                "reference_object", "NOT_APPLICABLE", "Only a reference names a kind of records; leave it out.")
        }
        guard let named = field.referenceObject else {
            return refused("reference_object", "REQUIRED", "Say what records it names, as in account.")
        }
        if field.defaultValue != nil {
            return refused("default_value", "NOT_APPLICABLE", "A reference has no default; leave it out.")
        }
        let object = field.object ?? ""
        guard !catalogue.isReferable(named, from: object) else { return [] }
        let own = catalogue.isReferable("\(TenantObject.prefix)name", from: object)
        return refused(
            "reference_object", "FIELD_OBJECT_UNKNOWN",
            "Such a record can name: \(catalogue.referable(from: object).sorted().joined(separator: ", "))"
                + (own ? ", and as \(TenantObject.prefix)NAME objects of the workspace's own." : "."))
    }

    private static func patternViolations(of field: FieldDefinition) -> [FieldViolation] {
        func refused(_ path: String, _ reason: String, _ text: String) -> [FieldViolation] {
            [FieldViolation(field: path, reason: reason, description: text)]
        }
        guard let pattern = field.pattern else {
            guard field.patternMessage != nil else { return [] }
            return refused(
                "pattern_message", "NOT_APPLICABLE",
                "pattern_message is told of texts that pattern does not fit; set pattern, too.")
        }
        switch field.kind ?? .unspecified {
        case .text, .longText, .email, .phone, .url: break
        default: return refused("pattern", "NOT_APPLICABLE", "Only a text has a pattern; leave it out.")
        }
        do {
            _ = try TextPattern(pattern)
            return []
        } catch {
            return refused(
                "pattern", "INVALID_FORMAT",
                "pattern is no regular expression: at character \(error.position), \(error.text).")
        }
    }

    private static func formulaViolations(of field: FieldDefinition) -> [FieldViolation] {
        guard field.formula != nil else { return [] }
        switch field.kind ?? .unspecified {
        case .text, .longText, .wholeNumber, .number, .money, .yesNo, .date, .time: break
        default:
            return [
                FieldViolation(
                    field: "formula", reason: "NOT_APPLICABLE",
                    description:
                        "A formula gives a text, a number, an amount, yes or no, a day or a moment; choose such a kind."
                )
            ]
        }
        return rulesOfWriting(of: field, as: "a formula")
    }

    /// What is said of values that people write, of a field whose values they do not.
    static func rulesOfWriting(of field: FieldDefinition, as source: String) -> [FieldViolation] {
        let written: [(name: String, isSet: Bool)] = [
            ("required", field.required == true), ("read_only", field.readOnly == true),
            ("unique", field.unique == true),
            ("default_value", field.defaultValue != nil), ("pattern", field.pattern != nil),
            ("value_min", field.valueMin != nil), ("value_max", field.valueMax != nil),
        ]
        return written.filter(\.isSet).map {
            FieldViolation(
                field: $0.name, reason: "NOT_APPLICABLE",
                description: "Nobody writes what \(source) gives; leave it out.")
        }
    }

    /// What is wrong with labels together.
    static func violations(of labels: [FieldLabel], at place: String) -> [FieldViolation] {
        var seen: Set<String> = []
        return labels.enumerated().compactMap { index, label in
            guard let language = label.languageCode, !seen.insert(language.lowercased()).inserted else { return nil }
            return FieldViolation(
                field: "\(place)[\(index)].language_code", reason: "DUPLICATE",
                description: "There are two labels in \(language); make them one.")
        }
    }
}

extension ModelField {
    /// A definition as policies have it.
    fileprivate init(_ field: FieldDefinition) {
        self.init(
            object: field.object, number: field.number ?? 0, name: field.name, kind: field.kind,
            required: field.required,
            lengthMax: field.lengthMax, valueMin: field.valueMin, valueMax: field.valueMax, choices: field.choices,
            displayName: field.displayName, description: field.description, defaultValue: field.defaultValue,
            readOnly: field.readOnly, pattern: field.pattern, patternMessage: field.patternMessage,
            labels: field.labels, unique: field.unique, referenceObject: field.referenceObject,
            decimals: field.decimals, choiceList: field.choiceList, formula: field.formula, rollUp: field.rollUp,
            indexed: field.indexed, kindChange: field.kindChange
        )
    }
}
