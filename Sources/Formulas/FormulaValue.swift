package import Tenancy

/// What a part of a formula is.
package enum FormulaType: String, Hashable, Sendable {
    case text
    case texts = "list of texts"
    case integer = "whole number"
    case number
    case flag = "truth value"
    case date
    case time = "moment"
    case money = "amount of money"
}

/// A value in a formula.
package enum FormulaValue: Hashable, Sendable {
    case text(String)
    case texts([String])
    case integer(Int64)
    /// Finite, of at most 15 digits but where a record is given what another one has.
    case number(Double)
    case flag(Bool)
    case date(CalendarDay)
    case time(Timestamp)
    case money(minorUnits: Int64, currency: String)

    var type: FormulaType {
        switch self {
        case .text: .text
        case .texts: .texts
        case .integer: .integer
        case .number: .number
        case .flag: .flag
        case .date: .date
        case .time: .time
        case .money: .money
        }
    }
}

/// Why a text is no formula. `position` counts characters (Unicode scalars) from 1.
package struct FormulaError: Error, Hashable {
    package let position: Int
    /// Without a full stop.
    package let text: String
}
