import AccessControl
package import Formulas
import Tenancy
import Text
package import Wire

/// A field of a workspace whose value follows from other fields of the record.
struct RecordFormula: Sendable {
    let field: RecordField
    let formula: Formula
    /// What it asks for, in the order of `formula.names`.
    let inputs: [RecordField]

    /// Those of a type's fields, each after those that it uses. What is no formula for these fields is left out, and its field stays as it is:
    /// identity takes none such.
    static func all(of fields: [RecordField]) -> [RecordFormula] {
        let formulas = fields.filter { $0.added?.formula != nil }
        guard !formulas.isEmpty else { return [] }
        let byName = Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let types = byName.compactMapValues(\.formulaType)
        let made = formulas.compactMap { field -> RecordFormula? in
            guard let text = field.added?.formula, let wanted = field.formulaType,
                let formula = try? Formula(text, over: types, giving: wanted, checksPatterns: false)
            else { return nil }
            return RecordFormula(field: field, formula: formula, inputs: formula.names.compactMap { byName[$0] })
        }
        let known = Dictionary(made.map { ($0.field.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard let order = try? FormulaOrder.sorted(known.mapValues(\.formula.names)) else { return [] }
        return order.compactMap { known[$0] }
    }

    /// Gives a record the value of now. One that its field does not hold is none, so that no formula stands in the way of a write.
    func set(in record: Message, _ forms: NormalForms, _ budget: inout FormulaBudget) {
        let value = formula.value({ inputs[$0].formulaValue(in: record) }, &budget)
        field.setReckoned(value, in: record, forms)
    }

    /// What the value follows from, but for the record.
    var texts: [String] {
        let added = field.added
        let limits = [
            added?.decimals.map(String.init), added?.lengthMax.map(String.init), added?.range.map { "\($0)" },
        ]
        return [field.key, formula.type.rawValue, added?.formula ?? ""] + limits.map { $0 ?? "" } + inputs.map(\.key)
    }
}

extension RecordType {
    /// Gives a record what its formulas say of it now. Where the custom fields would have no room for them, none has a value.
    func reckonFormulas(in record: Message, _ forms: NormalForms) {
        guard !formulas.isEmpty else { return }
        var budget = FormulaBudget()
        for formula in formulas { formula.set(in: record, forms, &budget) }
        guard !violationOfCustomBytes(in: record).isEmpty else { return }
        for formula in formulas { record.clear(formula.field.descriptor) }
    }

    /// Workspaces can add fields to it.
    package var isExtensible: Bool { customColumn != nil }

    /// What formulas can ask of a record of a declared type, by name.
    package static func formulaTypes(of message: MessageDescriptor) -> [String: FormulaType] {
        Dictionary(
            message.fields.compactMap { field in FormulaType(declared: field).map { (field.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}

extension FormulaType {
    /// What a declared field is to formulas; nil for one that they cannot use: nested messages, ids of several records, and what changes with each write.
    fileprivate init?(declared field: FieldDescriptor) {
        if let role = StandardField(rawValue: field.name) {
            switch role {
            case .version, .updateTime, .deleteTime, .customFields, .shares, .selections, .tags: return nil
            case .id, .createTime, .owner, .department: break
            }
        }
        switch ColumnKind(field, isPlainText: false) {
        case .text, .id, .enumeration: self = .text
        case .textArray: self = .texts
        case .int32, .int64: self = .integer
        case .double: self = .number
        case .bool: self = .flag
        case .time: self = .time
        case .date: self = .date
        case .money: self = .money
        case .json, .idArray, nil: return nil
        }
    }
}

extension TenantField {
    /// What it is to formulas, and what its own has to give; nil for what was typed for a number.
    package var formulaType: FormulaType? {
        guard !isTyped else { return nil }
        return switch kind {
        case .text, .longText, .choice, .email, .phone, .url, .reference: .text
        case .choices: .texts
        case .wholeNumber: .integer
        case .number: .number
        case .money: .money
        case .yesNo: .flag
        case .date: .date
        case .time: .time
        }
    }
}

extension RecordField {
    var formulaType: FormulaType? {
        if let added { added.formulaType } else { FormulaType(declared: descriptor) }
    }

    /// Its value as formulas have it; nil when it is unset.
    func formulaValue(in record: Message) -> FormulaValue? {
        guard record.has(descriptor) else { return nil }
        switch kind {
        case .text, .id:
            guard let text = record.string(descriptor), !text.isEmpty else { return nil }
            // A declared text may have the name of a day.
            return formulaType == .date ? CalendarDay(text).map { .date($0) } : .text(text)
        case .textArray: return .texts(record.strings(descriptor))
        case .int32: return .integer(Int64(record.int32(descriptor)))
        case .int64: return .integer(record.int64(descriptor))
        case .double: return .of(record.double(descriptor))
        case .bool: return .flag(record.bool(descriptor))
        case .date: return record.string(descriptor).flatMap { CalendarDay($0) }.map { .date($0) }
        case .time(let fields): return record.message(descriptor).map { .time($0.timestamp(fields)) }
        case .enumeration(let values): return values.name(of: record.int32(descriptor)).map { .text($0) }
        case .money(let fields):
            guard let money = record.message(descriptor), let currency = money.string(fields.currency) else {
                return nil
            }
            return .money(minorUnits: money.int64(fields.minorUnits), currency: currency)
        case .json, .idArray: return nil
        }
    }

    /// Sets it to what follows from other fields or records. A value that it does not hold is none.
    func setReckoned(_ value: FormulaValue?, in record: Message, _ forms: NormalForms) {
        let places = added?.decimals
        set(places.flatMap { value?.rounded(places: $0) } ?? value, in: record)
        normalizeTexts(in: record, forms)
        if !RecordValidator.violations(in: record, fields: [self]).isEmpty { record.clear(descriptor) }
    }

    func set(_ value: FormulaValue?, in record: Message) {
        switch (kind, value) {
        case (.text, .text(let text)):
            record.setString(descriptor, rules.text?.form == .multiLine ? text : text.onOneLine)
        case (.textArray, .texts(let texts)): record.setStrings(descriptor, texts)
        case (.date, .date(let day)): record.setString(descriptor, day.text)
        case (.int64, .integer(let number)): record.setInt64(descriptor, number)
        case (.double, .number(let number)): record.setDouble(descriptor, number)
        case (.double, .integer(let number)): record.setDouble(descriptor, Double(number))
        case (.bool, .flag(let flag)): record.setBool(descriptor, flag)
        case (.time(let fields), .time(let time)): record.makeMessage(descriptor).set(time, fields)
        case (.money(let fields), .money(let units, let currency)):
            let money = record.makeMessage(descriptor)
            money.setInt64(fields.minorUnits, units)
            money.setString(fields.currency, currency)
        default: record.clear(descriptor)
        }
    }
}

extension String {
    /// With a blank for each line break and whatever else is not shown.
    fileprivate var onOneLine: String {
        String(
            String.UnicodeScalarView(
                replacing("\r\n", with: " ").unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
            ))
    }
}
