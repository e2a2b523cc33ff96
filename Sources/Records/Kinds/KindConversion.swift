package import AccessControl
import Formulas
import Money
import Tenancy

/// How values of one kind become values of another (D110). What is not here does not become the other at once, though often by way of a text.
///
/// What a kind writes as text it reads as the same value, so nothing is lost on the way, but how a text was spelled: `yes` and `true`, 1.50 and 1.5. Several of a
/// list become a text, and no text becomes several.
package enum KindConversion: Hashable, Sendable, CaseIterable {
    /// A text stays, if the other kind takes it: an address, one of a list, a line.
    case keeping
    /// A text that is a number, an amount, yes or no, a day or a moment.
    case reading
    /// The text of such a value.
    case writing
    /// A whole number and another one are the same number.
    case number
    /// A number and an amount of one currency, which is named.
    case currency
    /// The one that was chosen.
    case single
    /// One that was chosen, alone.
    case several
    /// Those that were chosen, with commas between them.
    case joined

    /// Nil where there is no way, and for the same kind.
    package init?(from old: TenantField.Kind, to new: TenantField.Kind) {
        switch (old, new) {
        case (.text, .longText), (.longText, .text): self = .keeping
        case (.email, .text), (.phone, .text), (.url, .text), (.choice, .text): self = .keeping
        case (.email, .longText), (.phone, .longText), (.url, .longText), (.choice, .longText): self = .keeping
        case (.text, .email), (.text, .phone), (.text, .url), (.text, .choice): self = .keeping
        case (.longText, .email), (.longText, .phone), (.longText, .url), (.longText, .choice): self = .keeping
        case (.text, let kind) where kind.isRead, (.longText, let kind) where kind.isRead: self = .reading
        case (let kind, .text) where kind.isRead, (let kind, .longText) where kind.isRead: self = .writing
        case (.wholeNumber, .number), (.number, .wholeNumber): self = .number
        case (.wholeNumber, .money), (.number, .money), (.money, .wholeNumber), (.money, .number): self = .currency
        case (.choices, .choice): self = .single
        case (.choice, .choices): self = .several
        case (.choices, .text), (.choices, .longText): self = .joined
        default: return nil
        }
    }

    /// The kinds that values of a kind may become.
    package static func ways(from old: TenantField.Kind) -> [TenantField.Kind] {
        TenantField.Kind.allCases.filter { KindConversion(from: old, to: $0) != nil }
    }

    /// A code of ISO 4217 that is in use.
    package static func isCurrency(_ code: String) -> Bool { Currency(code: code) != nil }

    /// The value as one of the other kind; nil for one that is none.
    ///
    /// - Parameters:
    ///   - kind: the one that it gets.
    ///   - currency: the one of the amounts (ISO 4217), where numbers are amounts.
    func value(_ value: FormulaValue, as kind: TenantField.Kind, currency: String?) -> FormulaValue? {
        switch (self, value) {
        case (.keeping, .text(let text)): kind == .longText || text.isLine ? value : nil
        case (.reading, .text(let text)): Self.read(text, as: kind)
        case (.writing, _): Self.text(of: value).map { .text($0) }
        case (.number, .integer(let number)): Double(exactly: number).map { .number($0) }
        case (.number, .number(let number)): Int64(exactly: number).map { .integer($0) }
        case (.currency, .integer(let number)): Self.amount(PlainDecimal(number), currency)
        case (.currency, .number(let number)): Self.amount(PlainDecimal(number), currency)
        case (.currency, .money(let units, let code)) where code == currency:
            Self.number(PlainDecimal(units, exponent: -Currency.digits(of: code)), as: kind)
        case (.single, .texts(let texts)): texts.count == 1 ? .text(texts[0]) : nil
        case (.several, .text(let text)): .texts([text])
        // With a comma in one of them nobody could tell which they were.
        case (.joined, .texts(let texts)):
            texts.contains { $0.contains(",") } ? nil : .text(texts.joined(separator: ", "))
        default: nil
        }
    }

    private static func read(_ text: String, as kind: TenantField.Kind) -> FormulaValue? {
        switch kind {
        case .wholeNumber, .number: PlainDecimal(text).flatMap { number($0, as: kind) }
        case .money:
            (try? MoneyText.parse(text)).map { .money(minorUnits: $0.minorUnits, currency: $0.currency.code) }
        case .yesNo: ["yes": true, "true": true, "no": false, "false": false][text.lowercased()].map { .flag($0) }
        case .date: CalendarDay(text).map { .date($0) }
        // A day alone is no moment: nobody said where.
        case .time: text.utf8.count > "2026-01-01".utf8.count ? Timestamp(text).map { .time($0) } : nil
        default: nil
        }
    }

    /// The text of a value, as `read` reads it; nil of what has none.
    static func text(of value: FormulaValue) -> String? {
        switch value {
        case .text(let text): text
        case .texts(let texts): texts.joined(separator: ", ")
        case .integer(let number): String(number)
        case .number(let number): PlainDecimal(number)?.text
        case .flag(let flag): flag ? "yes" : "no"
        case .date(let day): day.text
        case .time(let time): time.text
        case .money(let units, let currency): MoneyText.text(minorUnits: units, currency: currency)
        }
    }

    private static func number(_ decimal: PlainDecimal?, as kind: TenantField.Kind) -> FormulaValue? {
        kind == .wholeNumber ? decimal?.scaled(by: 0).map { .integer($0) } : decimal?.number.map { .number($0) }
    }

    private static func amount(_ decimal: PlainDecimal?, _ currency: String?) -> FormulaValue? {
        guard let currency, let units = decimal?.scaled(by: Currency.digits(of: currency)) else { return nil }
        return .money(minorUnits: units, currency: currency)
    }
}

extension TenantField.Kind {
    /// A text may be one of its values.
    fileprivate var isRead: Bool {
        switch self {
        case .wholeNumber, .number, .money, .yesNo, .date, .time: true
        case .text, .longText, .choice, .choices, .email, .phone, .url, .reference: false
        }
    }
}

extension String {
    fileprivate var isLine: Bool { !unicodeScalars.contains { $0.properties.generalCategory == .control } }
}

/// A number in decimal digits, exactly as it is written.
struct PlainDecimal: Hashable {
    let isNegative: Bool
    /// Without zeros before and behind; "0" for nothing.
    let digits: String
    /// It is `digits` times ten to this.
    let exponent: Int

    private init(isNegative: Bool, digits: String, exponent: Int) {
        let significant = digits.drop { $0 == "0" }
        let zeros = significant.reversed().prefix { $0 == "0" }.count
        let kept = String(significant.dropLast(zeros))
        if kept.isEmpty {
            (self.isNegative, self.digits, self.exponent) = (false, "0", 0)
        } else {
            (self.isNegative, self.digits, self.exponent) = (isNegative, kept, exponent + zeros)
        }
    }

    init(_ number: Int64, exponent: Int = 0) {
        self.init(isNegative: number < 0, digits: String(number.magnitude), exponent: exponent)
    }

    /// The shortest digits that give the double again; nil for what is no number.
    init?(_ number: Double) {
        guard number.isFinite else { return nil }
        let parts = "\(number.magnitude)".split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        self.init(
            isNegative: number < 0, digits: mantissa[0] + fraction, exponent: power - fraction.utf8.count)
    }

    /// Reads digits with a minus sign before and a point in them. Nil for anything else: a code may look like a number, so zeros before it are no part of
    /// one, and groups of digits are parted in as many ways as there are countries.
    init?(_ text: String) {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = parts.first,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) }),
            whole == "0" || !whole.hasPrefix("0")
        else { return nil }
        let fraction = parts.count > 1 ? parts[1] : ""
        self.init(isNegative: isNegative, digits: String(whole + fraction), exponent: -fraction.utf8.count)
        if isNegative, digits == "0" { return nil }
    }

    /// Without an exponent, as `init(_: String)` reads it.
    var text: String {
        let sign = isNegative ? "-" : ""
        if exponent >= 0 {
            return sign + digits + (digits == "0" ? "" : String(repeating: "0", count: exponent))
        }
        let places = -exponent
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }

    /// The number times ten to a power, if that is a whole one of 64 bits.
    func scaled(by power: Int) -> Int64? {
        let places = exponent + power
        guard places >= 0, digits == "0" || digits.utf8.count + places <= 19 else { return nil }
        return Int64((isNegative ? "-" : "") + digits + String(repeating: "0", count: digits == "0" ? 0 : places))
    }

    /// As a double, if that is the same number.
    var number: Double? {
        guard let number = Double("\(isNegative ? "-" : "")\(digits)e\(exponent)"),
            number.isFinite, PlainDecimal(number) == self
        else { return nil }
        return number
    }
}
