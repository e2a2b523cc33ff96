import AccessControl
import Formulas
import Wire

/// A record as rules ask for it: of a field that is unset and has a formula, with what that says. It may not have told it, or the field or the record may
/// have no room for it, or it is one of which the records that are there have nothing yet.
struct ToldRecord {
    private enum Answer {
        case told(FormulaValue?)
        case untold
    }

    private let record: Message
    private let type: RecordType
    /// By index of the field; nil while no rule has asked for one.
    private var answers: [Int: Answer]?

    init(_ record: Message, _ type: RecordType) { (self.record, self.type) = (record, type) }

    /// - Returns: nil for one that is unset.
    /// - Throws: where it is so since its formula, or one that this asks for, did not tell it.
    mutating func value(of field: RecordField) throws(FormulaUntold) -> FormulaValue? {
        if let value = field.formulaValue(in: record) { return value }
        guard field.added?.formula != nil else { return nil }
        let known = answers ?? reckoned()
        answers = known
        switch known[field.index] {
        case .untold: throw FormulaUntold()
        case .told(let value): return value
        case nil: return nil
        }
    }

    /// What the formulas of unset fields say, each after those that it uses.
    private func reckoned() -> [Int: Answer] {
        var budget = FormulaBudget()
        var known: [Int: Answer] = [:]
        for formula in type.formulas where formula.field.formulaValue(in: record) == nil {
            let value = formula.formula.value(
                { index throws(FormulaUntold) in
                    let input = formula.inputs[index]
                    switch known[input.index] {
                    case .untold: throw FormulaUntold()
                    case .told(let value): return value
                    case nil: return input.formulaValue(in: record)
                    }
                }, &budget)
            known[formula.field.index] = budget.hasGivenUp || budget.isSpent ? .untold : .told(value)
        }
        return known
    }
}
