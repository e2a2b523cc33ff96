import Tenancy

extension FormulaFunction {
    private static func part(_ body: @escaping @Sendable (CalendarDay) -> Int) -> [FormulaFunction] {
        [FormulaFunction([.date], .integer) { .integer(Int64(body($0[0].date))) }]
    }

    static let times: [String: [FormulaFunction]] = [
        "date": [
            FormulaFunction([.text], .date) { CalendarDay($0[0].text).map { .date($0) } },
            FormulaFunction([.integer, .integer, .integer], .date) { values in
                let parts = values.map { Int(clamping: $0.integer) }
                return CalendarDay(year: parts[0], month: parts[1], day: parts[2]).map { .date($0) }
            },
            FormulaFunction([.time], .date) { values throws(FormulaUntold) in try day(of: values[0].time.microseconds)
            },
        ],
        "time": [FormulaFunction([.text], .time) { Timestamp($0[0].text).map { .time($0) } }],
        "year": part { $0.components.year }, "month": part { $0.components.month }, "day": part { $0.components.day },
        // 1 is Monday (ISO 8601). The first day of 1970 was a Thursday.
        "weekday": part { (($0.daysSince1970 % 7) + 7 + 3) % 7 + 1 },
        "add_months": [
            FormulaFunction([.date, .integer], .date) { values throws(FormulaUntold) in
                let (year, month, day) = values[0].date.components
                guard values[1].integer.magnitude < 12 * 10_000 else { throw FormulaUntold() }
                let months = year * 12 + month - 1 + Int(values[1].integer)
                // A month that has no such day ends before it.
                let later = (0...3).lazy.compactMap {
                    CalendarDay(year: months / 12, month: months % 12 + 1, day: day - $0)
                }.first
                return .date(try FormulaUntold.unwrapped(later))
            }
        ],
    ]

    /// The day on which a moment is by clocks that show so many microseconds since 1970.
    static func day(of microseconds: Int64) throws(FormulaUntold) -> FormulaValue {
        let (days, rest) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        return try .known(CalendarDay(daysSince1970: Int(rest < 0 ? days - 1 : days)))
    }
}
