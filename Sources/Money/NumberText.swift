/// Numbers of money as people write them, where they can mean one amount only.
///
/// - 1250, 1250.5 and 1250,50: one point or comma is the decimal separator, unless exactly three digits follow that may as
///   well be a group of thousands: 1,250 and 1.250 are refused. Behind a point they are decimals where the currency has three
///   (1.250 KWD), and behind anything that cannot be thousands (1250.000, 0.125).
/// - 1,250.00, 1.250,00, 1 250,00 and 1'250.00: two kinds of separators, groups before and decimals behind the last one.
/// - 1,250,000 and 1 250: the same separator twice, or one that is no decimal separator anywhere, makes groups.
/// - 12,50,000.00: groups of two before the last of three, as in India.
/// - Digits of any script, all of one; full-width and Arabic separators; - and − before the number.
///
/// Decimals that the currency does not have must be zeros: 5.00 JPY is 5 JPY.
enum NumberText {
    /// Marks of direction, which programs put around Arabic and Hebrew numbers.
    static func isInvisible(_ character: Character) -> Bool { "\u{200e}\u{200f}\u{61c}\u{feff}".contains(character) }

    /// What a number belongs to, for what is said about it.
    private struct Amount {
        /// The whole amount as it was written.
        let text: String
        let currency: Currency
        let isNegative: Bool

        var code: String { currency.code }

        /// The text of an amount of these digits; nil when it is larger than one can be.
        func sample(whole: String, decimals: String = "") -> String? {
            let fill = String(repeating: "0", count: max(0, currency.digits - decimals.count))
            let digits = whole + decimals + fill
            return Int64((isNegative ? "-" : "") + digits).map { MoneyText.text(minorUnits: $0, currency: code) }
        }

        /// The same without separators between thousands.
        func plainSample(whole: String, decimals: String = "") -> String? {
            sample(whole: whole, decimals: decimals)?.replacing(",", with: "")
        }

        var decimalsText: String {
            "\(code) has \(currency.digits == 0 ? "no decimals" : "\(currency.digits) decimals")"
        }

        var notANumber: MoneyText.Problem { NumberText.notANumber(text, currency) }
    }

    /// Minor units of a currency from a number; `text` is the whole amount, for what is said about it.
    static func minorUnits(
        _ number: Substring, of currency: Currency, in text: String
    ) throws(MoneyText.Problem) -> Int64 {
        let isNegative = number.first.map { "-−－".contains($0) } ?? false
        let amount = Amount(text: text, currency: currency, isNegative: isNegative)
        let parts = try parts(isNegative ? number.dropFirst() : number, amount)
        let (whole, decimals) = try split(parts, amount)
        let kept = decimals.prefix(currency.digits)
        let sign = isNegative ? "-" : ""
        let units = Int64(sign + whole + kept + String(repeating: "0", count: currency.digits - kept.count))
        guard let units else {
            let largest = MoneyText.text(minorUnits: isNegative ? .min : .max, currency: currency.code)
            throw MoneyText.Problem("\(text) is more than an amount can be", "the largest is", [largest])
        }
        guard decimals.dropFirst(currency.digits).allSatisfy({ $0 == "0" }) else {
            throw tooManyDecimals(units, amount)
        }
        return units
    }

    /// Offers the amounts below and above.
    private static func tooManyDecimals(_ units: Int64, _ amount: Amount) -> MoneyText.Problem {
        let (next, isTooLarge) = units.addingReportingOverflow(amount.isNegative ? -1 : 1)
        return MoneyText.Problem(
            "\(amount.text) has more decimals than the currency: \(amount.decimalsText)", "write it as",
            (isTooLarge ? [units] : [units, next]).map { MoneyText.text(minorUnits: $0, currency: amount.code) })
    }

    /// Runs of digits, in ASCII, and the separators between them.
    private struct Parts {
        var runs: [String] = [""]
        var separators: [Character] = []
    }

    private static func parts(_ number: Substring, _ amount: Amount) throws(MoneyText.Problem) -> Parts {
        var parts = Parts()
        var zero: UInt32?
        for character in number {
            if let digit = digit(character), let scalar = character.unicodeScalars.first {
                let own = scalar.value - UInt32(digit)
                guard zero ?? own == own else {
                    throw MoneyText.Problem(
                        "\(amount.text) mixes digits of several scripts", "write it as",
                        [MoneyText.sample(amount.currency)])
                }
                zero = own
                parts.runs[parts.runs.count - 1].append(String(digit))
            } else if let separator = separators[character] {
                parts.separators.append(separator)
                parts.runs.append("")
            } else {
                throw amount.notANumber
            }
        }
        guard parts.runs.allSatisfy({ !$0.isEmpty }) else { throw amount.notANumber }
        return parts
    }

    static func notANumber(_ text: String, _ currency: Currency? = nil) -> MoneyText.Problem {
        // As in 五千 and 5万: numbers, but none of digits.
        let isWord = text.contains { $0.isNumber && digit($0) == nil }
        return MoneyText.Problem(
            "\(text) is not an amount of money", isWord ? "write the number in digits, as in" : "write it as",
            [MoneyText.sample(currency)])
    }

    private static func digit(_ character: Character) -> Int? {
        guard let scalar = character.unicodeScalars.first, character.unicodeScalars.count == 1,
            scalar.properties.numericType == .decimal
        else { return nil }
        return scalar.properties.numericValue.map { Int($0) }
    }

    /// What may stand between digits, as the separator that it is: a point, a comma, an apostrophe or a blank. The Arabic
    /// decimal separator is not the comma it looks like.
    private static let separators: [Character: Character] = [
        ".": ".", "．": ".", ",": ",", "，": ",", "'": "'", "’": "'", " ": " ", "\u{a0}": " ", "\u{202f}": " ",
        "\u{2009}": " ", "\u{2007}": " ", "٫": "٫", "٬": "٬",
    ]

    /// The whole part and the decimals.
    private static func split(
        _ parts: Parts, _ amount: Amount
    ) throws(MoneyText.Problem) -> (whole: String, decimals: String) {
        guard let last = parts.separators.last else { return (parts.runs[0], "") }
        let groups = parts.separators.dropLast()
        let isDecimal = groups.isEmpty ? try isDecimal(last, parts, amount) : !groups.contains(last)
        guard isDecimal else {
            guard isGrouped(parts.runs, parts.separators[...]) else { throw uncertain(parts, amount) }
            return (parts.runs.joined(), "")
        }
        guard ".,٫".contains(last), isGrouped(parts.runs.dropLast(), groups) else { throw uncertain(parts, amount) }
        return (parts.runs.dropLast().joined(), parts.runs[parts.runs.count - 1])
    }

    /// Whether the only separator of a number is its decimal separator.
    private static func isDecimal(
        _ separator: Character, _ parts: Parts, _ amount: Amount
    ) throws(MoneyText.Problem) -> Bool {
        if separator == "٫" { return true }
        guard ".,".contains(separator) else { return false }
        let (whole, rest) = (parts.runs[0], parts.runs[1])
        let digits = amount.currency.digits
        let mayBeGroup = rest.count == 3 && whole.count <= 3 && whole.first != "0"
        guard mayBeGroup, !(separator == "." && digits == 3) else { return true }
        let both: [String?] = [amount.plainSample(whole: whole + rest), fraction(whole, rest, amount)]
        let samples = both.compactMap { $0 }
        throw MoneyText.Problem(
            "\(amount.text) may mean \(whole)\(rest) or \(whole) and a fraction", "write", samples,
            note: samples.count == 2 ? "" : "if that is meant; \(amount.decimalsText)")
    }

    /// What is written if the separator is a decimal one; nil when the currency has fewer decimals.
    private static func fraction(_ whole: String, _ rest: String, _ amount: Amount) -> String? {
        let needed = rest.count - rest.reversed().prefix { $0 == "0" }.count
        guard needed <= amount.currency.digits else { return nil }
        return amount.plainSample(whole: whole, decimals: String(rest.prefix(amount.currency.digits)))
    }

    /// One kind of separator; a first group of one to three digits and others of three, or of two before the last.
    private static func isGrouped(
        _ runs: some BidirectionalCollection<String>, _ separators: ArraySlice<Character>
    ) -> Bool {
        guard let first = runs.first, let last = runs.last, let separator = separators.first else { return true }
        let middle = runs.dropFirst().dropLast()
        let areThousands = middle.allSatisfy { $0.count == 3 } && first.count <= 3
        let areLakhs = separator == "," && !middle.isEmpty && middle.allSatisfy { $0.count == 2 } && first.count <= 2
        return last.count == 3 && (areThousands || areLakhs) && separators.allSatisfy { $0 == separator }
            && separator != "٫"
    }

    /// Offers the digits without separators, and with the last separator as the decimal one where that can be.
    private static func uncertain(_ parts: Parts, _ amount: Amount) -> MoneyText.Problem {
        let last = parts.runs[parts.runs.count - 1]
        var samples = [amount.plainSample(whole: parts.runs.joined())]
        if last.count <= amount.currency.digits {
            samples.append(amount.plainSample(whole: parts.runs.dropLast().joined(), decimals: last))
        }
        let known = samples.compactMap { $0 }
        return MoneyText.Problem(
            "\(amount.text): how the digits are grouped is not certain", "write it as",
            known.isEmpty ? [MoneyText.sample(amount.currency)] : known)
    }
}
