import Formulas
import Foundation
import Tenancy
import TestSupport
import Testing

/// Formulas that are made at random, with what they are worth by a second reckoning, which knows nothing of the first.
@Suite struct FormulaPropertyTests {
    @Test func `a hundred thousand formulas are worth what a naive evaluator says`() throws {
        var maker = FormulaMaker(seed: 20_261_202)
        var setCount = 0
        for _ in 0..<100_000 {
            let (part, wanted) = maker.part()
            let formula: Formula
            switch Self.formula(part.text, maker.types, giving: wanted) {
            case .success(let made): formula = made
            case .failure(let error):
                // What is of constants alone and never set is refused.
                #expect(part.hasUnsetConstant, "\(part.text): \(error)")
                continue
            }
            let values = maker.record()
            let value = formula.value { values[formula.names[$0]] }
            let expected = part.worth(values)
            guard value == expected else {
                Issue.record("\(part.text) with \(values) is \(value as Any), and should be \(expected as Any)")
                return
            }
            if value != nil { setCount += 1 }
        }
        #expect(setCount > 40_000)
    }

    private static func formula(
        _ text: String, _ types: [String: FormulaType], giving wanted: FormulaType? = nil
    ) -> Result<Formula, FormulaError> {
        do { return .success(try Formula(text, over: types, giving: wanted)) } catch { return .failure(error) }
    }

    @Test func `no text ends the program`() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "(", ")", ",", "+", "-", "*", "/", "&", "=", "<", ">", "!", "\"", "'", "\\", "in", "and", "or", "not", "if",
            "custom.n", "n", "1", "0", "9223372036854775807", "1.5", "date", "money", "text", "true", " ", "\u{301}",
            "有",
            "\u{0}", ".", "e9", "replace", "min", "coalesce", "\"EUR\"", "add_months", "mod", "-1",
        ]
        let types: [String: FormulaType] = ["n": .integer, "custom.n": .number]
        var formulas = 0
        for _ in 0..<100_000 {
            let text = (0..<random.number(0...14)).map { _ in pieces[random.number(0...pieces.count - 1)] }.joined()
            guard case .success(let formula) = Self.formula(text, types) else { continue }
            formulas += 1
            _ = formula.value { formula.names[$0] == "n" ? .integer(.min) : .number(-1e300) }
            _ = formula.value { formula.names[$0] == "n" ? .integer(.max) : .number(.leastNonzeroMagnitude) }
        }
        #expect(formulas > 1_000)
    }
}

/// A formula as text, and what it is worth.
private struct FormulaPart {
    let text: String
    let hasUnsetConstant: Bool
    let isConstant: Bool
    let worth: ([String: FormulaValue]) -> FormulaValue?
}

private struct FormulaMaker {
    private var random: SeededGenerator

    let types: [String: FormulaType] = [
        "i": .integer, "j": .integer, "x": .number, "y": .number, "s": .text, "t": .text, "p": .flag, "q": .flag,
        "d": .date, "e": .date, "m": .money, "n": .money,
    ]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func record() -> [String: FormulaValue] {
        var values: [String: FormulaValue] = [:]
        for (name, type) in types.sorted(by: { $0.key < $1.key }) where !random.chance(20) {
            values[name] = constant(type).value
        }
        return values
    }

    mutating func part() -> (FormulaPart, FormulaType) {
        let all: [FormulaType] = [.integer, .number, .text, .flag, .date, .money]
        let type = all[random.number(0...5)]
        return (part(type, depth: random.number(1...4)), type)
    }

    /// A value, or a whole number where a number is wanted.
    private mutating func mixed(_ type: FormulaType, depth: Int) -> FormulaPart {
        guard type == .number, random.chance(30) else { return part(type, depth: depth) }
        let whole = part(.integer, depth: depth)
        return FormulaPart(text: whole.text, hasUnsetConstant: whole.hasUnsetConstant, isConstant: whole.isConstant) {
            whole.worth($0).flatMap { Self.short(Double($0.whole)) }
        }
    }

    private mutating func constant(_ type: FormulaType) -> (text: String, value: FormulaValue) {
        switch type {
        case .integer:
            let number =
                random.chance(5)
                ? [Int64.max - Int64(random.number(0...3)), 1 << 53][random.number(0...1)]
                : Int64(random.number(0...40))
            return ("\(number)", .integer(number))
        case .number:
            let number = Double(random.number(0...20_000)) / [1, 10, 100, 1000][random.number(0...3)]
            return ("\(number)", .number(number))
        case .text:
            let text = ["a", "b", "äß", "有限公司", "a b"][random.number(0...4)]
            return ("\"\(text)\"", .text(text))
        case .flag:
            let flag = random.chance(50)
            return ("\(flag)", .flag(flag))
        case .date:
            let day = CalendarDay(daysSince1970: random.number(-400...40_000))
            return ("date(\"\(day.text)\")", .date(day))
        default:
            let (units, currency) = (Int64(random.number(0...100_000)), random.chance(80) ? "EUR" : "USD")
            let (whole, rest) = units.quotientAndRemainder(dividingBy: 100)
            let text = rest < 10 ? "\(whole).0\(rest)" : "\(whole).\(rest)"
            return ("money(\(text), \"\(currency)\")", .money(minorUnits: units, currency: currency))
        }
    }

    private mutating func part(_ type: FormulaType, depth: Int) -> FormulaPart {
        if depth == 0 || random.chance(10) {
            if random.chance(40) {
                let (text, value) = constant(type)
                // Days and amounts are calls of constants.
                return FormulaPart(text: text, hasUnsetConstant: false, isConstant: ![.date, .money].contains(type)) {
                    _ in value
                }
            }
            let names = types.filter { $0.value == type }.keys.sorted()
            let name = names[random.number(0...names.count - 1)]
            return FormulaPart(text: name, hasUnsetConstant: false, isConstant: false) { $0[name] }
        }
        if random.chance(12) {
            let (condition, one, other) = (
                part(.flag, depth: depth - 1), mixed(type, depth: depth - 1), part(type, depth: depth - 1)
            )
            return joined([condition, one, other], "if(\(condition.text), \(one.text), \(other.text))") { record in
                condition.worth(record) == .flag(true) ? one.worth(record) : other.worth(record)
            }
        }
        if random.chance(8) {
            let (one, other) = (part(type, depth: depth - 1), part(type, depth: depth - 1))
            return joined([one, other], "coalesce(\(one.text), \(other.text))") { one.worth($0) ?? other.worth($0) }
        }
        switch type {
        case .integer: return integer(depth)
        case .number: return number(depth)
        case .text: return text(depth)
        case .flag: return flag(depth)
        case .date: return date(depth)
        default: return money(depth)
        }
    }

    private func joined(
        _ parts: [FormulaPart], _ text: String, _ worth: @escaping ([String: FormulaValue]) -> FormulaValue?
    ) -> FormulaPart {
        FormulaPart(
            text: text, hasUnsetConstant: parts.contains(where: \.hasUnsetConstant), isConstant: false, worth: worth)
    }

    /// A function of two values, unset where one of them is.
    private func strict(
        _ parts: [FormulaPart], _ text: String, _ body: @escaping ([FormulaValue]) -> FormulaValue?
    ) -> FormulaPart {
        let worth: ([String: FormulaValue]) -> FormulaValue? = { record in
            let values = parts.compactMap { $0.worth(record) }
            return values.count == parts.count ? body(values) : nil
        }
        let isUnset = parts.allSatisfy(\.isConstant) && worth([:]) == nil
        return FormulaPart(
            text: text, hasUnsetConstant: isUnset || parts.contains(where: \.hasUnsetConstant), isConstant: false,
            worth: worth)
    }

    private mutating func pair(_ type: FormulaType, _ depth: Int) -> (FormulaPart, FormulaPart) {
        (mixed(type, depth: depth - 1), part(type, depth: depth - 1))
    }

    private mutating func integer(_ depth: Int) -> FormulaPart {
        let (one, other) = pair(.integer, depth)
        switch random.number(0...6) {
        case 0: return strict([one, other], "(\(one.text) + \(other.text))") { Self.exact($0[0].whole + $0[1].whole) }
        case 1: return strict([one, other], "(\(one.text) - \(other.text))") { Self.exact($0[0].whole - $0[1].whole) }
        case 2: return strict([one, other], "(\(one.text) * \(other.text))") { Self.exact($0[0].whole * $0[1].whole) }
        case 3:
            return strict([one, other], "mod(\(one.text), \(other.text))") { values in
                let (number, divisor) = (values[0].whole, values[1].whole)
                guard divisor != 0 else { return nil }
                let rest: Int128 = number % divisor
                let positive: Int128 = rest + divisor
                return Self.exact(positive % divisor)
            }
        case 4:
            let (first, second) = pair(.date, depth)
            return strict([first, second], "(\(first.text) - \(second.text))") { values in
                .integer(Int64(values[0].day.daysSince1970 - values[1].day.daysSince1970))
            }
        case 5:
            let text = part(.text, depth: depth - 1)
            return strict([text], "length(\(text.text))") { .integer(Int64(Array($0[0].string.unicodeScalars).count)) }
        default:
            let number = part(.number, depth: depth - 1)
            return strict([number], "round(\(number.text))") { values in
                guard let rounded = Self.plain(values[0].decimal, 0), let number = Int64(rounded.description) else {
                    return nil
                }
                return FormulaValue.integer(number)
            }
        }
    }

    private mutating func number(_ depth: Int) -> FormulaPart {
        let (one, other) = pair(.number, depth)
        switch random.number(0...4) {
        case 0:
            return strict([one, other], "(\(one.text) + \(other.text))") { Self.short($0[0].double + $0[1].double) }
        case 1:
            return strict([one, other], "(\(one.text) - \(other.text))") { Self.short($0[0].double - $0[1].double) }
        case 2:
            return strict([one, other], "(\(one.text) * \(other.text))") { Self.short($0[0].double * $0[1].double) }
        case 3:
            return strict([one, other], "(\(one.text) / \(other.text))") { Self.short($0[0].double / $0[1].double) }
        default:
            let (first, second) = pair(.money, depth)
            return strict([first, second], "(\(first.text) / \(second.text))") { values in
                let ((units, currency), (others, another)) = (values[0].amount, values[1].amount)
                return currency == another ? Self.short(Double(units) / Double(others)) : nil
            }
        }
    }

    private mutating func text(_ depth: Int) -> FormulaPart {
        let (one, other) = pair(.text, depth)
        switch random.number(0...2) {
        case 0:
            return joined([one, other], "(\(one.text) & \(other.text))") { record in
                let texts = [one, other].compactMap { $0.worth(record)?.string }
                return texts.isEmpty ? nil : .text(texts.joined())
            }
        case 1:
            let count = random.number(0...3)
            return strict([one], "left(\(one.text), \(count))", constants: true) { values in
                let scalars = Array(values[0].string.unicodeScalars)
                var text = ""
                for scalar in scalars.prefix(count) { text.unicodeScalars.append(scalar) }
                return text.isEmpty ? nil : .text(text)
            }
        default: return strict([one], "upper(\(one.text))") { .text($0[0].string.uppercased()) }
        }
    }

    /// The other arguments are constants.
    private func strict(
        _ parts: [FormulaPart], _ text: String, constants: Bool, _ body: @escaping ([FormulaValue]) -> FormulaValue?
    ) -> FormulaPart { strict(parts, text, body) }

    private mutating func flag(_ depth: Int) -> FormulaPart {
        switch random.number(0...5) {
        case 5:
            let one = mixed(.number, depth: depth - 1)
            let others = (0..<random.number(1...3)).map { _ in mixed(.number, depth: depth - 1) }
            let list = others.map(\.text).joined(separator: ", ")
            return joined([one] + others, "(\(one.text) in (\(list)))") { record in
                guard let value = one.worth(record) else { return nil }
                let equal = others.map { other in other.worth(record).map { Self.order(value, $0) == 0 } }
                return equal.contains(true) ? .flag(true) : equal.contains(nil) ? nil : .flag(false)
            }
        case 0, 1:
            let isAnd = random.chance(50)
            let (one, other) = pair(.flag, depth)
            return joined([one, other], "(\(one.text) \(isAnd ? "and" : "or") \(other.text))") { record in
                // The table of SQL, with what is unset between both.
                let worths = [one, other].map { part -> Int in
                    guard let value = part.worth(record) else { return 1 }
                    return value == FormulaValue.flag(true) ? 2 : 0
                }
                let worth = isAnd ? min(worths[0], worths[1]) : max(worths[0], worths[1])
                return worth == 1 ? nil : .flag(worth == 2)
            }
        case 2:
            let one = part(.flag, depth: depth - 1)
            return strict([one], "(not \(one.text))") { .flag($0[0] == .flag(false)) }
        case 3:
            let type: FormulaType = [.integer, .number, .text, .date, .money][random.number(0...4)]
            let one = part(type, depth: depth - 1)
            return joined([one], "is_set(\(one.text))") { .flag(one.worth($0) != nil) }
        default:
            let type: FormulaType = [.integer, .number, .date, .money][random.number(0...3)]
            let (one, other) = pair(type, depth)
            let sign = ["<", "<=", ">", ">=", "=", "!="][random.number(0...5)]
            return strict([one, other], "(\(one.text) \(sign) \(other.text))") { values in
                guard let order = Self.order(values[0], values[1]) else { return nil }
                let holds: Bool
                switch sign {
                case "<": holds = order < 0
                case "<=": holds = order <= 0
                case ">": holds = order > 0
                case ">=": holds = order >= 0
                case "=": holds = order == 0
                default: holds = order != 0
                }
                return .flag(holds)
            }
        }
    }

    private mutating func date(_ depth: Int) -> FormulaPart {
        let (day, count) = (part(.date, depth: depth - 1), part(.integer, depth: depth - 1))
        return strict([day, count], "(\(day.text) + \(count.text))") { values in
            let days: Int128 = Int128(values[0].day.daysSince1970) + values[1].whole
            // 0001-01-01 to 9999-12-31.
            guard days >= Int128(-719_162), days <= Int128(2_932_896) else { return nil }
            return FormulaValue.date(CalendarDay(daysSince1970: Int(days)))
        }
    }

    private mutating func money(_ depth: Int) -> FormulaPart {
        let (one, other) = pair(.money, depth)
        switch random.number(0...2) {
        case 0:
            return strict([one, other], "(\(one.text) + \(other.text))") { values in
                let ((units, currency), (others, another)) = (values[0].amount, values[1].amount)
                return currency == another ? Self.amount(Int128(units) + Int128(others), currency) : nil
            }
        case 1:
            let factor = part(.number, depth: depth - 1)
            return strict([one, factor], "(\(one.text) * \(factor.text))") { values in
                let exact: Decimal = Decimal(values[0].amount.0) * values[1].decimal
                guard let rounded = Self.plain(exact, 0), let units = Int128(rounded.description) else { return nil }
                return Self.amount(units, values[0].amount.1)
            }
        default: return strict([one], "-\(one.text)") { Self.amount(-Int128($0[0].amount.0), $0[0].amount.1) }
        }
    }

    // MARK: The second reckoning

    private static func exact(_ number: Int128) -> FormulaValue? { Int64(exactly: number).map { .integer($0) } }

    private static func amount(_ units: Int128, _ currency: String) -> FormulaValue? {
        Int64(exactly: units).map { .money(minorUnits: $0, currency: currency) }
    }

    /// A number of 15 digits: by what Decimal makes of the text of the double.
    private static func short(_ number: Double) -> FormulaValue? {
        guard number.isFinite else { return nil }
        if number == 0 { return .number(0) }
        let text = "\(number.magnitude)"
        let parts = text.split(separator: "e")
        var digits = String(parts[0].filter { $0 != "." })
        var power: Int = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        power -= parts[0].split(separator: ".").dropFirst().first?.count ?? 0
        digits = String(digits.drop(while: { $0 == "0" }))
        var kept: [Int] = digits.utf8.map { (byte: UInt8) -> Int in Int(byte) - 48 }
        if kept.count > 15 {
            let isUp = kept[15] >= 5
            power += kept.count - 15
            kept = Array(kept.prefix(15))
            if isUp {
                var place = 14
                while place >= 0, kept[place] == 9 {
                    kept[place] = 0
                    place -= 1
                }
                if place >= 0 { kept[place] += 1 } else { kept.insert(1, at: 0) }
            }
        }
        let written: String = kept.map { (digit: Int) -> String in "\(digit)" }.joined()
        let rounded: Double = Double("\(written)e\(power)") ?? Double.nan
        return rounded.isFinite ? .number(number < 0 ? -rounded : rounded) : nil
    }

    private static func plain(_ number: Decimal, _ places: Int) -> Decimal? {
        guard !number.isNaN, number.magnitude < Decimal(sign: .plus, exponent: 30, significand: 1) else { return nil }
        var (given, rounded) = (number, Decimal())
        NSDecimalRound(&rounded, &given, places, .plain)
        return rounded
    }

    private static func order(_ one: FormulaValue, _ other: FormulaValue) -> Int? {
        func sign<Value: Comparable>(_ one: Value, _ other: Value) -> Int { one < other ? -1 : one > other ? 1 : 0 }
        return switch (one, other) {
        case (.integer, .integer): sign(one.whole, other.whole)
        case (.date, .date): sign(one.day.text, other.day.text)
        case (.money, .money): one.amount.1 == other.amount.1 ? sign(one.amount.0, other.amount.0) : nil
        default: sign(one.double, other.double)
        }
    }
}

extension FormulaValue {
    fileprivate var whole: Int128 { if case .integer(let number) = self { Int128(number) } else { 0 } }
    fileprivate var double: Double {
        switch self {
        case .number(let number): number
        case .integer(let number): Double(number)
        default: .nan
        }
    }
    fileprivate var decimal: Decimal { Decimal(string: "\(double)") ?? .nan }
    fileprivate var string: String { if case .text(let text) = self { text } else { "" } }
    fileprivate var day: CalendarDay {
        if case .date(let day) = self { day } else { CalendarDay(daysSince1970: 0) }
    }
    fileprivate var amount: (Int64, String) {
        if case .money(let units, let currency) = self { (units, currency) } else { (0, "") }
    }
}
