import Text

/// An expression over the fields of a record, whose value follows from theirs alone: what is stored with a record stays right until it changes. So there is
/// no function for today.
///
/// A part is unset where a value that it needs is, and where there is none: beyond the limits of its type, divided by 0, of amounts of several currencies.
/// `&` takes what is unset for nothing, `and`, `or` and `if` are as in SQL. The README of the folder lists the functions.
package struct Formula: Sendable {
    /// The fields that it asks for, each once.
    package let names: [String]
    package let type: FormulaType
    /// How many values, fields, operators and functions it has.
    package let size: Int
    private let step: FormulaStep

    /// Characters (Unicode scalars) of its text, at most.
    package static let lengthMax = 1_000

    /// - Parameters:
    ///   - fields: the types of the fields there are, by name.
    ///   - wanted: what it has to give; a whole number is taken for a number.
    ///   - checksPatterns: what is no regular expression is refused. To compile one takes some 2 ms, so who makes many formulas that were found right before
    ///     leaves it out; one that is none then tells nothing.
    package init(
        _ text: String, over fields: [String: FormulaType], giving wanted: FormulaType? = nil,
        checksPatterns: Bool = true
    ) throws(FormulaError) {
        guard text.unicodeScalars.count <= Self.lengthMax else {
            throw FormulaError(
                position: Self.lengthMax + 1,
                text: "a formula has \(Self.lengthMax) characters at most; give a part of it to a field of its own")
        }
        let (node, size) = try FormulaParser.node(of: text)
        var checker = FormulaChecker(fields: fields, checksPatterns: checksPatterns)
        let checked = try checker.step(node)
        if let wanted, !checked.type.fits(wanted) {
            let cure = checked.type == .number && wanted == .integer ? "; write round(…)" : ""
            throw FormulaError(
                position: 1,
                text: "it gives a \(checked.type.rawValue), and the field holds a \(wanted.rawValue)\(cure)")
        }
        (names, type, self.size) = (checker.names, wanted ?? checked.type, size)
        step = checked.step.widened(from: checked.type, to: type)
    }

    /// - Parameters:
    ///   - field: the value of the field that stands at a place of `names`; nil when it is unset. It throws when that is so since it could not be told.
    ///   - budget: what all formulas of the record may still handle.
    package func value(
        _ field: (Int) throws(FormulaUntold) -> FormulaValue?, _ budget: inout FormulaBudget
    ) -> FormulaValue? {
        budget.hasGivenUp = false
        return step.value(field, &budget)
    }
}

/// What the formulas of one record may handle: texts are long, and whoever waits for the loop waits for all of them. What is past it is unset.
package struct FormulaBudget {
    /// Bytes of texts (UTF-8) that functions are given and give.
    package static let bytesMax = 1_000_000
    private var left: Int
    /// Characters of texts that are compared with patterns, all together: ten texts of the longest, each of some 5 ms.
    private static let patternCharactersMax = 10 * TextPattern.textLengthMax
    private var patternCharactersLeft = patternCharactersMax

    package init(bytes: Int = bytesMax) { left = bytes }

    /// More was asked for than there was, so that something is unset that may have a value.
    package var isSpent: Bool { left < 0 }

    /// The last formula did not tell something of values that are set: a text is too long for it, a number too great, or a pattern takes too long. That is
    /// unset, and whoever asks for what must not pass takes it for the worst.
    package fileprivate(set) var hasGivenUp = false

    /// Whether a pattern fits a text as a whole; nil, and noted, where that cannot be told, or too much was asked for before. After one that took too long
    /// no other is asked: texts that are made for it hold the loop up once.
    fileprivate mutating func fits(_ text: String, _ pattern: String) -> FormulaValue? {
        let count = text.unicodeScalars.count
        patternCharactersLeft -= count
        guard count <= TextPattern.textLengthMax, patternCharactersLeft >= 0,
            let pattern = try? TextPatterns.shared.pattern(pattern)
        else {
            hasGivenUp = true
            return nil
        }
        switch pattern.answer(text) {
        case .fits: return .flag(true)
        case .differs: return .flag(false)
        case .tooSlow:
            (hasGivenUp, patternCharactersLeft) = (true, 0)
            return nil
        }
    }

    /// What a function or a field gives; nil, and noted, where it could not tell.
    fileprivate mutating func told(_ value: () throws(FormulaUntold) -> FormulaValue?) -> FormulaValue? {
        do {
            return try value()
        } catch {
            hasGivenUp = true
            return nil
        }
    }

    /// False when there was not so much left.
    mutating func take(_ values: some Sequence<FormulaValue>) -> Bool {
        left -= values.reduce(0) { $0 + $1.textBytes }
        return left >= 0
    }
}

extension FormulaType {
    /// It can be where another is wanted.
    func fits(_ wanted: FormulaType) -> Bool { self == wanted || self == .integer && wanted == .number }
}

/// A part of a formula that was found right.
indirect enum FormulaStep: Sendable {
    case constant(FormulaValue)
    case field(Int)
    /// A whole number as a number.
    case widened(FormulaStep)
    case call(FormulaFunction.Body, [FormulaStep])
    /// The second when the first holds, else the third.
    case choice(FormulaStep, FormulaStep, FormulaStep?)
    /// The first that is set.
    case first([FormulaStep])
    case isSet(FormulaStep)
    /// The pattern fits it as a whole.
    case matches(FormulaStep, String)
    /// One after the other, what is unset being nothing.
    case joined([FormulaStep])
    case both(FormulaStep, FormulaStep)
    case either(FormulaStep, FormulaStep)
    /// The first is one of others.
    case oneOf(FormulaStep, [Equal])

    /// A value that another may be equal to.
    struct Equal: Sendable {
        let value: FormulaStep
        /// The other is a whole number, and is compared as a number.
        let isWidened: Bool
        let body: FormulaFunction.Body
    }

    func widened(from type: FormulaType, to wanted: FormulaType) -> FormulaStep {
        type == .integer && wanted == .number ? .widened(self) : self
    }

    func value(
        _ field: (Int) throws(FormulaUntold) -> FormulaValue?, _ budget: inout FormulaBudget
    ) -> FormulaValue? {
        switch self {
        case .constant(let value): return value
        case .field(let index): return budget.told { () throws(FormulaUntold) in try field(index) }
        case .widened(let step): return step.value(field, &budget)?.widened
        case .call(let body, let steps):
            var values: [FormulaValue] = []
            values.reserveCapacity(steps.count)
            for step in steps {
                guard let value = step.value(field, &budget) else { return nil }
                values.append(value)
            }
            guard budget.take(values) else { return nil }
            return budget.told { () throws(FormulaUntold) in try body(values) }
        case .choice(let condition, let then, let otherwise):
            return condition.value(field, &budget)?.flag == true
                ? then.value(field, &budget) : otherwise?.value(field, &budget)
        case .first(let steps):
            for step in steps { if let value = step.value(field, &budget) { return value } }
            return nil
        case .isSet(let step): return .flag(step.value(field, &budget) != nil)
        case .matches(let step, let pattern):
            guard let value = step.value(field, &budget), budget.take([value]) else { return nil }
            return budget.fits(value.text, pattern)
        case .joined(let steps):
            let values = steps.compactMap { $0.value(field, &budget) }
            guard budget.take(values) else { return nil }
            return budget.told { () throws(FormulaUntold) in try .limited(values.map(\.asText).joined()) }
        case .both(let one, let other):
            let hadGivenUp = budget.hasGivenUp
            let first = one.value(field, &budget)?.flag
            if first == false { return .flag(false) }
            let second = other.value(field, &budget)?.flag
            // Whatever the first would have been.
            if second == false { budget.hasGivenUp = hadGivenUp }
            return second == false ? .flag(false) : first == true && second == true ? .flag(true) : nil
        case .either(let one, let other):
            let hadGivenUp = budget.hasGivenUp
            let first = one.value(field, &budget)?.flag
            if first == true { return .flag(true) }
            let second = other.value(field, &budget)?.flag
            if second == true { budget.hasGivenUp = hadGivenUp }
            return second == true ? .flag(true) : first == false && second == false ? .flag(false) : nil
        case .oneOf(let step, let equals):
            guard let value = step.value(field, &budget) else { return nil }
            let hadGivenUp = budget.hasGivenUp
            var isKnown = true
            for equal in equals {
                let sides = [equal.isWidened ? value.widened : value, equal.value.value(field, &budget)]
                    .compactMap(\.self)
                let isEqual =
                    sides.count == 2 && budget.take(sides)
                    ? budget.told { () throws(FormulaUntold) in try equal.body(sides) }?.flag : nil
                if isEqual == true {
                    budget.hasGivenUp = hadGivenUp
                    return .flag(true)
                }
                isKnown = isKnown && isEqual != nil
            }
            return isKnown ? .flag(false) : nil
        }
    }
}
