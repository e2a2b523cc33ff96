import AccessControl
import Formulas
import RPC
import Wire

/// A field whose values are about to be of another kind, and the field that holds what they will be: set whenever a record is written, and by the pass
/// over records (`ReckoningKeeper`), as values of formulas are. Nobody sees it until the field takes its number.
struct FieldSuccession: Sendable {
    /// What becomes of a record's value.
    enum Outcome: Hashable, Sendable {
        /// It has none.
        case none
        case fits
        /// It is no value of the other kind.
        case unfit
    }

    let field: RecordField
    let next: RecordField
    private let conversion: KindConversion
    private let kind: TenantField.Kind
    private let currency: String?

    /// Nil where there is no way between the kinds.
    init?(_ field: RecordField, _ next: RecordField, currency: String?) {
        guard let old = field.added?.kind, let new = next.added?.kind,
            let conversion = KindConversion(from: old, to: new)
        else { return nil }
        (self.field, self.next, self.conversion) = (field, next, conversion)
        (kind, self.currency) = (new, currency)
    }

    /// Those of the fields of a shape.
    static func all(of custom: [RecordField]) -> [FieldSuccession] {
        custom.compactMap { field in
            guard let change = field.added?.kindChange,
                let next = custom.first(where: { $0.isSuccessor && $0.added?.number == change.number })
            else { return nil }
            return FieldSuccession(field, next, currency: change.currency)
        }
    }

    /// Sets what the value will be, or clears it.
    @discardableResult
    func set(in record: Message, _ forms: NormalForms) -> Outcome {
        record.clear(next.descriptor)
        guard let value = field.exactValue(in: record) else { return .none }
        guard let converted = conversion.value(value, as: kind, currency: currency) else { return .unfit }
        next.set(converted, in: record)
        next.normalizeTexts(in: record, forms)
        guard record.has(next.descriptor), RecordValidator.violations(in: record, fields: [next]).isEmpty else {
            record.clear(next.descriptor)
            return .unfit
        }
        return .fits
    }

    /// The value as text, for who may see it.
    func text(in record: Message) -> String? { field.exactValue(in: record).flatMap { KindConversion.text(of: $0) } }

    /// Others when other values fit.
    var texts: [String] {
        ["next", field.key, next.key]
            + (next.rules.choices?.entries.map { ($0.isRetired ? "-" : "+") + $0.value } ?? [])
    }
}

extension RecordField {
    /// Its value as formulas have it, with all digits.
    fileprivate func exactValue(in record: Message) -> FormulaValue? {
        guard case .double = kind, record.has(descriptor) else { return formulaValue(in: record) }
        return .number(record.double(descriptor))
    }
}

extension RecordType {
    /// Gives a record what its values will be. Where the custom fields have no room for both, what people wrote comes first.
    ///
    /// - Returns: what is wrong with values that come in with this change: what is there already is told by the change of the field.
    func setSuccessors(in change: RecordChange, _ forms: NormalForms) -> [FieldViolation] {
        guard !successions.isEmpty else { return [] }
        let record = change.after
        var violations: [FieldViolation] = []
        for succession in successions {
            guard succession.set(in: record, forms) == .unfit else { continue }
            if let before = change.before, succession.field.isSame(in: before, record) { continue }
            violations.append(succession.violation)
        }
        if !violationOfCustomBytes(in: record).isEmpty { clearSuccessors(in: record) }
        return violations
    }

    /// Takes out what values will be.
    func clearSuccessors(in record: Message) {
        for succession in successions { record.clear(succession.next.descriptor) }
    }
}

extension FieldSuccession {
    fileprivate var violation: FieldViolation {
        let wanted = "\(kind.called)\(currency.map { kind == .money ? " in \($0)" : "" } ?? "")"
        return FieldViolation(
            field: field.name, reason: RecordReason.fieldBeingChanged.rawValue,
            description:
                "\(field.name) is being changed from \(field.added?.kind.called ?? "its kind") to \(wanted), and this value would not be one the field takes then; "
                + "give one that is both, or have the change of kind cancelled."
        )
    }
}

extension TenantField.Kind {
    /// What people call a value of the kind.
    package var called: String {
        switch self {
        case .text: "a line of text"
        case .longText: "a text"
        case .wholeNumber: "a whole number"
        case .number: "a number"
        case .money: "an amount"
        case .yesNo: "yes or no"
        case .date: "a day"
        case .time: "a moment"
        case .choice: "one of a list"
        case .choices: "several of a list"
        case .email: "an e-mail address"
        case .phone: "a phone number"
        case .url: "a web address"
        case .reference: "a record"
        }
    }
}
