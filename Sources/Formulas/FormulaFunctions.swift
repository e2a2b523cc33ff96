import Money
import Tenancy

/// A function did not tell its value, which is beyond the limits of its type or of what may be looked at: it is unset, but not since there is none.
package struct FormulaUntold: Error {
    package init() {}
}

/// A function or operator for arguments of certain types. It is unset where one of them is, where it has no value for them (nil), and where it does not
/// tell it.
struct FormulaFunction: Sendable {
    typealias Body = @Sendable ([FormulaValue]) throws(FormulaUntold) -> FormulaValue?

    let parameters: [FormulaType]
    let result: FormulaType
    let body: Body

    init(_ parameters: [FormulaType], _ result: FormulaType, _ body: @escaping Body) {
        (self.parameters, self.result, self.body) = (parameters, result, body)
    }

    /// Characters (Unicode scalars) of a text that a formula makes, at most: a longer one is unset.
    static let textLengthMax = 10_000

    /// By name, for each combination of types: the first that fits.
    static let all: [String: [FormulaFunction]] = arithmetic.merging(texts) { $1 }.merging(times) { $1 }
        .merging(comparisons) { $1 }

    /// Functions of two that also take more arguments: that of the first two, and the next, and so on.
    static let chained: Set<String> = ["min", "max"]
}

extension FormulaFunction {
    private static func integers(_ body: @escaping @Sendable (Int64, Int64) -> (Int64, Bool)) -> FormulaFunction {
        FormulaFunction([.integer, .integer], .integer) { values throws(FormulaUntold) in
            let (result, isTooLarge) = body(values[0].integer, values[1].integer)
            guard !isTooLarge else { throw FormulaUntold() }
            return .integer(result)
        }
    }

    private static func numbers(_ body: @escaping @Sendable (Double, Double) -> Double) -> FormulaFunction {
        FormulaFunction([.number, .number], .number) { values throws(FormulaUntold) in
            try FormulaUntold.unwrapped(.rounded(body(values[0].number, values[1].number)))
        }
    }

    private static func amounts(_ body: @escaping @Sendable (Int64, Int64) -> (Int64, Bool)) -> FormulaFunction {
        FormulaFunction([.money, .money], .money) { values throws(FormulaUntold) in
            let ((one, currency), (other, second)) = (values[0].money, values[1].money)
            guard currency == second else { return nil }
            let (result, isTooLarge) = body(one, other)
            guard !isTooLarge else { throw FormulaUntold() }
            return .money(minorUnits: result, currency: currency)
        }
    }

    /// The nearest whole number of what is made of a number, by the decimal digits.
    private static func whole(_ body: @escaping @Sendable (Double) -> Double) -> FormulaFunction {
        FormulaFunction([.number], .integer) { values throws(FormulaUntold) in
            .integer(try FormulaUntold.unwrapped(DecimalNumber(body(values[0].number)).product(with: 1)))
        }
    }

    private static func negative(_ number: Int64) throws(FormulaUntold) -> Int64 {
        guard number != .min else { throw FormulaUntold() }
        return -number
    }

    private static let arithmetic: [String: [FormulaFunction]] = [
        "+": [
            integers { $0.addingReportingOverflow($1) }, numbers { $0 + $1 },
            amounts { $0.addingReportingOverflow($1) },
            FormulaFunction([.date, .integer], .date) { values throws(FormulaUntold) in
                try .day(values[0].date, later: values[1].integer)
            },
            FormulaFunction([.time, .number], .time) { values throws(FormulaUntold) in
                try .moment(values[0].time, daysLater: values[1].number)
            },
        ],
        "-": [
            integers { $0.subtractingReportingOverflow($1) }, numbers { $0 - $1 },
            amounts { $0.subtractingReportingOverflow($1) },
            FormulaFunction([.date, .integer], .date) { values throws(FormulaUntold) in
                try .day(values[0].date, later: 0 - max(values[1].integer, -.max))
            },
            FormulaFunction([.date, .date], .integer) {
                .integer(Int64($0[0].date.daysSince1970 - $0[1].date.daysSince1970))
            },
            FormulaFunction([.time, .number], .time) { values throws(FormulaUntold) in
                try .moment(values[0].time, daysLater: -values[1].number)
            },
            FormulaFunction([.time, .time], .number) {
                .rounded(Double($0[0].time.microseconds - $0[1].time.microseconds) / microsecondsPerDay)
            },
        ],
        "*": [
            integers { $0.multipliedReportingOverflow(by: $1) }, numbers { $0 * $1 },
            FormulaFunction([.money, .number], .money) { values throws(FormulaUntold) in
                try .product(values[0], values[1].number)
            },
            FormulaFunction([.number, .money], .money) { values throws(FormulaUntold) in
                try .product(values[1], values[0].number)
            },
        ],
        "/": [
            FormulaFunction([.number, .number], .number) { values throws(FormulaUntold) in
                guard values[1].number != 0 else { return nil }
                return try FormulaUntold.unwrapped(.rounded(values[0].number / values[1].number))
            },
            FormulaFunction([.money, .number], .money) { values throws(FormulaUntold) in
                let (units, currency) = values[0].money
                guard values[1].number != 0 else { return nil }
                let quotient = DecimalNumber(values[1].number).quotient(of: units)
                return .money(minorUnits: try FormulaUntold.unwrapped(quotient), currency: currency)
            },
            FormulaFunction([.money, .money], .number) { values in
                let ((one, currency), (other, second)) = (values[0].money, values[1].money)
                return currency == second && other != 0 ? .rounded(Double(one) / Double(other)) : nil
            },
        ],
        "negative": [
            FormulaFunction([.integer], .integer) { values throws(FormulaUntold) in
                .integer(try negative(values[0].integer))
            },
            FormulaFunction([.number], .number) { .rounded(-$0[0].number) },
            FormulaFunction([.money], .money) { values throws(FormulaUntold) in
                let (units, currency) = values[0].money
                return .money(minorUnits: try negative(units), currency: currency)
            },
        ],
        "abs": [
            FormulaFunction([.integer], .integer) { values throws(FormulaUntold) in
                let number = values[0].integer
                return .integer(number < 0 ? try negative(number) : number)
            },
            FormulaFunction([.number], .number) { .number(abs($0[0].number)) },
            FormulaFunction([.money], .money) { values throws(FormulaUntold) in
                let (units, currency) = values[0].money
                return .money(minorUnits: units < 0 ? try negative(units) : units, currency: currency)
            },
        ],
        "round": [
            whole { $0 },
            FormulaFunction([.number, .integer], .number) { values throws(FormulaUntold) in
                guard (0...12).contains(values[1].integer) else { throw FormulaUntold() }
                return .rounded(DecimalNumber.rounded(values[0].number, places: Int(values[1].integer)))
            },
        ],
        "floor": [whole { $0.rounded(.down) }],
        "ceil": [whole { $0.rounded(.up) }],
        "mod": [
            FormulaFunction([.integer, .integer], .integer) { values in
                let (number, divisor) = (values[0].integer, values[1].integer)
                guard divisor != 0 else { return nil }
                guard divisor != -1 else { return .integer(0) }
                let rest = number % divisor
                return .integer(rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest)
            }
        ],
        "money": [
            FormulaFunction([.number, .text], .money) { values throws(FormulaUntold) in
                guard let currency = Currency(code: values[1].text) else { return nil }
                let units = (0..<currency.digits).reduce(Int64(1)) { units, _ in units * 10 }
                let amount = DecimalNumber(values[0].number).product(with: units)
                return .money(minorUnits: try FormulaUntold.unwrapped(amount), currency: currency.code)
            }
        ],
        "amount": [
            FormulaFunction([.money], .number) { values in
                let (units, currency) = values[0].money
                return Double("\(units)e-\(Currency.digits(of: currency))").flatMap { .rounded($0) }
            }
        ],
        "currency": [FormulaFunction([.money], .text) { .text($0[0].money.currency) }],
        "min": pairs { $0 <= $1 ? $0 : $1 },
        "max": pairs { $0 >= $1 ? $0 : $1 },
    ]

    /// Of two of a kind that has an order the one or the other.
    private static func pairs(
        _ choose: @escaping @Sendable (OrderedFormulaValue, OrderedFormulaValue) -> OrderedFormulaValue
    ) -> [FormulaFunction] {
        ordered.map { type in
            FormulaFunction([type, type], type) { values in
                guard let one = OrderedFormulaValue(values[0]), let other = OrderedFormulaValue(values[1]),
                    one.isComparable(with: other)
                else { return nil }
                return choose(one, other).value
            }
        }
    }
}

extension FormulaFunction {
    /// Types of which one value is less than another.
    static let ordered: [FormulaType] = [.integer, .number, .date, .time, .money]

    private static func compared(_ holds: @escaping @Sendable (OrderedFormulaValue, OrderedFormulaValue) -> Bool)
        -> [FormulaFunction]
    {
        ordered.map { type in
            FormulaFunction([type, type], .flag) { values in
                guard let one = OrderedFormulaValue(values[0]), let other = OrderedFormulaValue(values[1]),
                    one.isComparable(with: other)
                else { return nil }
                return .flag(holds(one, other))
            }
        }
    }

    private static func same(_ isEqual: Bool) -> [FormulaFunction] {
        compared { ($0 == $1) == isEqual }
            + [.text, .flag].map { type in
                FormulaFunction([type, type], .flag) { .flag(($0[0] == $0[1]) == isEqual) }
            }
    }

    private static let comparisons: [String: [FormulaFunction]] = [
        "=": same(true), "!=": same(false), "<": compared { $0 < $1 }, "<=": compared { $0 <= $1 },
        ">": compared { $0 > $1 }, ">=": compared { $0 >= $1 },
        "not": [FormulaFunction([.flag], .flag) { .flag(!$0[0].flag) }],
    ]

    static let microsecondsPerDay = 86_400_000_000.0
}

/// A value of a type that has an order.
struct OrderedFormulaValue: Comparable {
    let value: FormulaValue

    /// Nil for a value of another type.
    init?(_ value: FormulaValue) {
        guard FormulaFunction.ordered.contains(value.type) else { return nil }
        self.value = value
    }

    /// Amounts of several currencies have no order.
    func isComparable(with other: Self) -> Bool {
        if case (.money(_, let one), .money(_, let second)) = (value, other.value) { one == second } else { true }
    }

    static func < (one: Self, other: Self) -> Bool {
        switch (one.value, other.value) {
        case (.integer(let left), .integer(let right)): left < right
        case (.number(let left), .number(let right)): left < right
        case (.date(let left), .date(let right)): left < right
        case (.time(let left), .time(let right)): left < right
        case (.money(let left, _), .money(let right, _)): left < right
        default: false
        }
    }
}

// What a function takes out of arguments of its types.
extension FormulaValue {
    var integer: Int64 {
        guard case .integer(let number) = self else { preconditionFailure("a whole number") }
        return number
    }

    var number: Double {
        guard case .number(let number) = self else { preconditionFailure("a number") }
        return number
    }

    var money: (units: Int64, currency: String) {
        guard case .money(let units, let currency) = self else { preconditionFailure("an amount") }
        return (units, currency)
    }

    var text: String {
        guard case .text(let text) = self else { preconditionFailure("a text") }
        return text
    }

    var flag: Bool {
        guard case .flag(let flag) = self else { preconditionFailure("a truth value") }
        return flag
    }

    var date: CalendarDay {
        guard case .date(let day) = self else { preconditionFailure("a day") }
        return day
    }

    var time: Timestamp {
        guard case .time(let time) = self else { preconditionFailure("a moment") }
        return time
    }
}

// Results, which are not told where they are beyond their limits.
extension FormulaValue {
    static func rounded(_ number: Double) -> FormulaValue? { DecimalNumber.rounded(number).map { .number($0) } }

    /// A whole number as a number.
    var widened: FormulaValue? { .rounded(Double(integer)) }

    static func product(_ amount: FormulaValue, _ number: Double) throws(FormulaUntold) -> FormulaValue {
        let (units, currency) = amount.money
        return .money(
            minorUnits: try FormulaUntold.unwrapped(DecimalNumber(number).product(with: units)), currency: currency)
    }

    static func day(_ day: CalendarDay, later days: Int64) throws(FormulaUntold) -> FormulaValue {
        // More than there are days of the calendar.
        guard days.magnitude < 4_000_000 else { throw FormulaUntold() }
        return try known(CalendarDay(daysSince1970: day.daysSince1970 + Int(days)))
    }

    /// A day of the years 1 to 9999.
    static func known(_ day: CalendarDay) throws(FormulaUntold) -> FormulaValue {
        guard (1...9999).contains(day.components.year) else { throw FormulaUntold() }
        return .date(day)
    }

    static func moment(_ time: Timestamp, daysLater days: Double) throws(FormulaUntold) -> FormulaValue {
        guard abs(days) < 4_000_000 else { throw FormulaUntold() }
        let later = Timestamp(
            microseconds: time.microseconds + Int64((days * FormulaFunction.microsecondsPerDay).rounded()))
        guard later.isTellable else { throw FormulaUntold() }
        return .time(later)
    }
}

extension FormulaUntold {
    /// A value that is nil where it is beyond its limits.
    static func unwrapped<Value>(_ value: Value?) throws(FormulaUntold) -> Value {
        guard let value else { throw FormulaUntold() }
        return value
    }
}
