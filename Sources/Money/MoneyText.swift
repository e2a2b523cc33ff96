/// An amount of money, exact.
package struct MoneyAmount: Hashable, Sendable {
    package let currency: Currency
    /// Cents of the euro, whole yen, thousandths of the Kuwaiti dinar.
    package let minorUnits: Int64

    package init(currency: Currency, minorUnits: Int64) {
        self.currency = currency
        self.minorUnits = minorUnits
    }
}

/// Money as people write it. What `text` writes, `parse` reads as the same amount; what may mean two amounts, `parse` refuses.
///
/// An amount is a number and a currency before or after it: a code of ISO 4217 in either case, or a sign or name that only one
/// currency has (€, ₹, CN¥, 人民币; not $, ¥ and 元). Both sides may name it, where one currency only is named by both
/// (¥5000 CNY). `NumberText` says which numbers are certain.
package enum MoneyText {
    /// Why a text is no amount, and what to write instead.
    package struct Problem: Error, Hashable, Sendable {
        package let text: String
        /// What stands before and behind the samples in the cure.
        private let lead, note: String
        /// The amounts that the cure offers. Each can be read.
        package let samples: [String]

        /// - Parameters:
        ///   - lead: what stands before the samples, as in "write it as".
        ///   - note: what stands behind them.
        init(_ text: String, _ lead: String, _ samples: [String], note: String = "") {
            self.text = text
            self.lead = lead
            self.samples = samples
            self.note = note
        }

        /// As in: write it as 12.50 EUR.
        package var cure: String { cure(quotedBy: "") }

        /// The same with the amounts in quotes, for a language in which they need some.
        package func cure(quotedBy quote: String) -> String {
            let amounts = samples.map { quote + $0 + quote }.joined(separator: " or ")
            return ([lead, amounts] + (note.isEmpty ? [] : [note])).joined(separator: " ")
        }
    }

    /// Longer texts are no amounts: the largest one, grouped, has 26 characters and its currency.
    package static let charactersMax = 64

    /// As in 1,234.50 EUR: the currency's own number of decimals, and groups of three only where they cannot be taken for
    /// decimals, so 1234 JPY and 1,234,567 JPY.
    package static func text(minorUnits: Int64, currency code: String) -> String {
        text(minorUnitDigits: String(minorUnits), currency: code)
    }

    /// The same for sums that no number of 64 bits holds.
    /// - Parameter minorUnitDigits: ASCII digits, with a minus sign before them if it is negative.
    package static func text(minorUnitDigits: String, currency code: String) -> String {
        let digits = Currency.digits(of: code)
        let isNegative = minorUnitDigits.hasPrefix("-")
        var plain = String(minorUnitDigits.dropFirst(isNegative ? 1 : 0))
        while plain.count <= digits { plain = "0" + plain }
        let whole = String(plain.dropLast(digits))
        let isGrouped = digits > 0 || whole.count > 6
        let number = (isGrouped ? grouped(whole) : whole) + (digits == 0 ? "" : "." + plain.suffix(digits))
        return "\(isNegative ? "-" : "")\(number) \(code)"
    }

    package static func text(_ amount: MoneyAmount) -> String {
        text(minorUnits: amount.minorUnits, currency: amount.currency.code)
    }

    /// Reads an amount. A minus sign is read; whether a field takes it is the field's affair.
    package static func parse(_ text: String) throws(Problem) -> MoneyAmount {
        guard text.count <= charactersMax else {
            throw Problem("\(text.count) characters are no amount of money", "write it as", [sample()])
        }
        guard text.contains(where: \.isNumber) else { throw NumberText.notANumber(text) }
        let (number, currency) = try split(text)
        return MoneyAmount(
            currency: currency, minorUnits: try NumberText.minorUnits(number, of: currency, in: text))
    }

    private static func grouped(_ whole: String) -> String {
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped
    }

    /// The number, and the currency that stands before or behind it.
    private static func split(_ text: String) throws(Problem) -> (number: Substring, currency: Currency) {
        let plain = text.filter { !NumberText.isInvisible($0) }
        let trimmed = trim(plain[...])
        let head = trimmed.prefix { isCurrencyPart($0) }
        let tail = trimmed.dropFirst(head.count)
        let back = String(tail.reversed().prefix { isCurrencyPart($0) }.reversed())
        let number = trim(tail.dropLast(back.count))
        let names = [String(head), back].filter { !$0.isEmpty }
        guard !names.isEmpty else {
            throw Problem("\(text) names no currency", "write it with one, as in", samples(trimmed, in: ["EUR"]))
        }
        return (number, try currency(names, of: number, in: text))
    }

    /// 1250 of a currency, for a text that nothing can be taken from.
    static func sample(_ currency: Currency? = nil) -> String {
        let zeros = String(repeating: "0", count: currency?.digits ?? 2)
        return "1250\(zeros.isEmpty ? "" : "." + zeros) \(currency?.code ?? "EUR")"
    }

    /// The number as amounts of these currencies, where there are such, or else what may be meant by it.
    private static func samples(_ number: Substring, in names: [String]) -> [String] {
        let known = names.compactMap { CurrencySign.candidates($0).first }
        var samples: [String] = []
        for name in known.isEmpty ? ["EUR"] : known {
            do {
                samples.append(self.text(try parse("\(number) \(name)")))
            } catch {
                samples += error.samples
            }
        }
        return samples.enumerated().filter { !samples[..<$0.offset].contains($0.element) }.map(\.element)
    }

    /// The currency that all of the names mean, one before and one behind the number perhaps: ¥5000 CNY.
    private static func currency(
        _ names: [String], of number: Substring, in text: String
    ) throws(Problem) -> Currency {
        let candidates = names.map(CurrencySign.candidates)
        if let unknown = zip(names, candidates).first(where: { $0.1.isEmpty })?.0, names.count == 1 {
            throw Problem(
                "\(text): \(unknown) is no currency in use", "write a code of ISO 4217, as in",
                samples(number, in: ["EUR"]))
        }
        let common = (candidates.first ?? []).filter { code in candidates.allSatisfy { $0.contains(code) } }
        if let only = common.first, common.count == 1, let currency = Currency(code: only) { return currency }
        guard let likeliest = common.first else {
            throw Problem("\(text) names two currencies", "write one, as in", samples(number, in: names))
        }
        throw Problem(
            "\(text): several currencies are written \(names.joined(separator: " and "))",
            "write the code, \(common.joined(separator: " or ")), as in", samples(number, in: [likeliest]))
    }

    private static func isCurrencyPart(_ character: Character) -> Bool {
        // 五 is a letter and a number.
        character.isLetter && !character.isNumber || "$¥＄￥".contains(character)
            || CurrencySign.clear[character] != nil || CurrencySign.shared[character] != nil
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
