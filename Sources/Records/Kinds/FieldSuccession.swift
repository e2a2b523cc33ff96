import AccessControl
import Formulas
import RPC
import Tenancy
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
    func set(in record: Message, before: Message? = nil, _ forms: NormalForms) -> Outcome {
        record.clear(next.descriptor)
        guard let value = field.exactValue(in: record) else { return .none }
        guard let converted = conversion.value(value, as: kind, currency: currency) else { return .unfit }
        next.set(converted, in: record)
        next.normalizeTexts(in: record, forms)
        // What was chosen before it was retired stays chosen.
        let stays = before.map { field.isSame(in: $0, record) } ?? false
        guard record.has(next.descriptor),
            RecordValidator.violations(in: record, fields: [next], before: stays ? .record(record) : .nothing).isEmpty
        else {
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
    /// Gives a record what its values will be: of those that a change sets, and, where the pass over records makes it, of all. Who leaves a value alone
    /// leaves alone what it will be: the field may have taken its kind meanwhile, and somebody have written what this process takes for that.
    ///
    /// - Returns: what is wrong with values that come in with this change, also where the custom fields have no room for both: what is there already is
    ///   told by the change of the field.
    func setSuccessors(in change: RecordChange, _ forms: NormalForms) -> [FieldViolation] {
        guard !successions.isEmpty else { return [] }
        let (record, before) = (change.after, change.before)
        let isPass = if case .program(.reckonFormulas, nil) = change.call.actor.actor { true } else { false }
        var violations: [FieldViolation] = []
        var needed: [FieldSuccession] = []
        for succession in successions {
            let isLeft = before.map { succession.field.isSame(in: $0, record) } ?? false
            let hadNext = before?.has(succession.next.descriptor) ?? false
            if isLeft, !isPass, let before {
                if hadNext { record.copyFields(from: before, only: [succession.next.descriptor]) }
            } else if succession.set(in: record, before: before, forms) == .unfit, !isLeft {
                violations.append(succession.violation)
            }
            if hadNext || !isLeft, record.has(succession.next.descriptor) { needed.append(succession) }
        }
        guard !violationOfCustomBytes(in: record).isEmpty else { return violations }
        clearSuccessors(in: record)
        return violations + needed.map(\.violationOfRoom)
    }

    /// Takes out what values will be.
    func clearSuccessors(in record: Message) {
        for succession in successions { record.clear(succession.next.descriptor) }
    }
}

extension FieldSuccession {
    fileprivate var violation: FieldViolation {
        refusal("this value would not be one the field takes then; give one that is both")
    }

    fileprivate var violationOfRoom: FieldViolation {
        refusal("the custom fields have no room for both of its values; shorten the longest texts")
    }

    private func refusal(_ trouble: String) -> FieldViolation {
        let wanted = "\(kind.called)\(currency.map { kind == .money ? " in \($0)" : "" } ?? "")"
        return FieldViolation(
            field: field.name, reason: RecordReason.fieldBeingChanged.rawValue,
            description:
                "\(field.name) is being changed from \(field.added?.kind.called ?? "its kind") to \(wanted), and \(trouble), or have the change of kind cancelled."
        )
    }
}

extension RecordTransaction {
    /// Who has begun before the kind of a field was being changed, or had been, does not end after it: nobody would find his values.
    ///
    /// - Throws: ABORTED with FIELD_BEING_CHANGED: the same call fits when it is sent again.
    func requireSameKinds() async throws {
        guard let used = changes.first?.call.policy,
            changes.contains(where: { !used.model.fields(of: $0.type.object).isEmpty })
        else { return }
        let known = try await engine.policies.snapshot(of: actor.tenantID, minEpoch: 0)
        for object in Set(changes.map(\.type.object)) {
            let (before, after) = (used.model.fields(of: object), known.model.fields(of: object))
            // Nearly always they are one and the same.
            guard before != after else { continue }
            let now = Dictionary(after.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
            for field in before {
                guard let other = now[field.path] else { continue }
                if other.number != field.number || other.kindChange != field.kindChange {
                    throw RecordErrors.kindChangedMeanwhile(field)
                }
            }
        }
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
