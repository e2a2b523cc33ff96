import AccessControl
import Formulas
import RPC
import Tenancy
import Wire

/// A rule of the workspace about the records of a type, ready to be asked ([D105](../../README.md)).
struct WorkspaceRule: Sendable {
    let rule: TenantRule
    private let formula: Formula
    /// What it asks for, in the order of `formula.names`.
    let inputs: [RecordField]
    /// The fields that it locks beside these; none for all.
    private let locked: Set<Int>

    /// Bytes of texts that all rules of one record handle together; past that a rule counts as broken.
    private static let bytesMax = 4 * FormulaBudget.bytesMax

    /// Nil for one that is none for these fields: identity takes none such.
    init?(_ rule: TenantRule, over fields: [RecordField]) {
        let byName = Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard
            let formula = try? Formula(
                rule.condition, over: byName.compactMapValues(\.formulaType), giving: .flag, checksPatterns: false)
        else { return nil }
        (self.rule, self.formula) = (rule, formula)
        inputs = formula.names.compactMap { byName[$0] }
        if case .lock(let names) = rule.effect {
            // What was typed for a phone number is locked with the number.
            let typed = fields.filter { $0.rules.typedOf.map(names.contains) == true }
            locked = Set((names.compactMap { byName[$0] } + typed).map(\.index))
        } else {
            locked = []
        }
    }

    /// The condition holds for a record. So it does where it cannot be told of values that are set, since a text is too long, a number too great or a
    /// pattern takes too long, be it in a field that has a formula: nobody passes a rule by values that are made for it.
    func holds(for record: inout ToldRecord, _ budget: inout FormulaBudget) -> Bool {
        let value = formula.value({ index throws(FormulaUntold) in try record.value(of: inputs[index]) }, &budget)
        return value == .flag(true) || budget.isSpent || budget.hasGivenUp
    }

    /// Whoever acts has no role that is excepted. Programs have none and are not bound when they work for the workspace itself.
    func binds(_ call: RecordCall) -> Bool {
        call.isBoundByRules && rule.exceptRoles.isDisjoint(with: call.access.audience.roles)
    }

    /// Refuses a change of a locked record, and one by which a standard is broken. Asked last, of the record as it would be stored, whoever has set its
    /// fields and on whatever way.
    ///
    /// - Throws: FAILED_PRECONDITION with RECORD_LOCKED; INVALID_ARGUMENT with ENTRY_STANDARD_BROKEN and all rules that are.
    static func require(_ change: RecordChange, path: String) throws {
        let demands = change.type.demands.filter { $0.binds(change.call) }
        guard !demands.isEmpty else { return }
        var budget = FormulaBudget(bytes: bytesMax)
        if let before = change.before {
            var stored = ToldRecord(before, change.type)
            if let lock = demands.first(where: { $0.locks(&stored, against: change, &budget) }) {
                throw RecordErrors.locked(change, lock)
            }
        }
        var after = ToldRecord(change.after, change.type)
        let broken = demands.filter { $0.isBroken(in: &after, by: change, &budget) }
        guard !broken.isEmpty else { return }
        throw RecordErrors.standardsBroken(broken, by: change, path: path)
    }

    /// A lock holds for the record as it is stored, and the change is of what it locks.
    private func locks(
        _ stored: inout ToldRecord, against change: RecordChange, _ budget: inout FormulaBudget
    ) -> Bool {
        guard case .lock = rule.effect else { return false }
        guard change.kind != .update || !lockedFields(of: change).isEmpty else { return false }
        return holds(for: &stored, &budget)
    }

    /// Those that an update changes and that it would lock.
    fileprivate func lockedFields(of change: RecordChange) -> [RecordField] {
        // Whoever changes what the condition asks for would open the lock.
        let named = locked.isEmpty ? [] : locked.union(inputs.map(\.index))
        return change.changedFields.filter { field in
            locked.isEmpty ? !field.staysOpen : named.contains(field.index)
        }
    }

    /// A standard is asked when the record is new, or a field of its condition changes: what has long been wrong stands in the way of no other edit.
    private func isBroken(
        in after: inout ToldRecord, by change: RecordChange, _ budget: inout FormulaBudget
    ) -> Bool {
        guard rule.effect == .refuse, change.kind != .delete else { return false }
        if let before = change.before, inputs.allSatisfy({ $0.isSame(in: before, change.after) }) { return false }
        return holds(for: &after, &budget)
    }

    /// The field at which an error points: its own, or the first of the condition, as far as the caller may see it.
    func pointedField(_ rights: FieldRights) -> RecordField? {
        let own = rule.field.flatMap { name in rights.shownFields.first { $0.name == name } }
        return own ?? inputs.first { input in rights.shownFields.contains { $0 === input } }
    }
}

extension RecordField {
    /// Who sees a record and how it is found is no part of what a lock keeps.
    fileprivate var staysOpen: Bool { role == .tags || role?.isSetByEngine == true }
}

extension RecordCall {
    /// People are bound by the rules of their workspace, and so are jobs that work for them.
    fileprivate var isBoundByRules: Bool {
        switch actor.actor {
        case .user: true
        case .program(let purpose, let user): user != nil && !purpose.passesRules
        }
    }
}

extension RecordErrors {
    /// A rule and its text are told, which of the changed fields it locks as far as the caller sees them, and no value of the record.
    static func locked(_ change: RecordChange, _ lock: WorkspaceRule) -> RPCError {
        let rule = lock.rule
        let seen = change.call.rights.shownFields
        let fields = change.kind == .update ? lock.lockedFields(of: change) : []
        let shown = fields.filter { field in seen.contains { $0 === field } }
        // What was typed for a phone number is set by the number.
        let names = Set(shown.map { $0.rules.typedOf ?? $0.name }).sorted()
        let part = names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"
        return .failedPrecondition(
            RecordReason.recordLocked.rawValue,
            "The \(change.type.object)\(part) is locked by the rule \(rule.name): \(rule.message) Ask somebody whose role the rule excepts, or the "
                + "administrator of your workspace.",
            domain: domain,
            details: [
                ("object", change.type.object), ("id", change.recordID.text), ("rule", rule.name),
                ("rule_id", rule.id.text),
            ] + names.map { ("field", $0) })
    }

    static func standardsBroken(_ broken: [WorkspaceRule], by change: RecordChange, path: String) -> RPCError {
        let reason = RecordReason.entryStandardBroken.rawValue
        var error = RPCError.invalidArgument(
            broken.map { broken in
                FieldViolation(
                    field: path + (broken.pointedField(change.call.rights)?.name ?? change.type.object), reason: reason,
                    description: "\(broken.rule.message) (rule \(broken.rule.name))")
            }, domain: domain)
        error.details = broken.flatMap { [("rule", $0.rule.name), ("rule_id", $0.rule.id.text)] }
        return error
    }
}
