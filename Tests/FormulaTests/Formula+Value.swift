import Formulas

extension Formula {
    /// What it is worth alone.
    func value(_ field: (Int) -> FormulaValue?) -> FormulaValue? {
        var budget = FormulaBudget()
        return value(field, &budget)
    }
}
