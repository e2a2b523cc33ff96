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

    /// Minor units of a currency from a number; `text` is the whole amount, for what is said about it.
    static func minorUnits(
        _ number: Substring, of currency: Currency, in text: String
    ) throws(MoneyText.Problem) -> Int64 {
        let isNegative = number.first.map { "-−－".contains($0) } ?? false
        let parts = try parts(isNegative ? number.dropFirst() : number, in: text)
        let (whole, decimals) = try split(parts, currency, in: text)
        let kept = decimals.prefix(currency.digits)
        guard decimals.dropFirst(currency.digits).allSatisfy({ $0 == "0" }) else {
            let most = currency.digits == 0 ? "no decimals" : "\(currency.digits) decimals"
            throw MoneyText.Problem(
                text: "\(text) has more decimals than the currency: \(currency.code) has \(most)",
                cure: "write it as \(MoneyText.text(minorUnits: 125_000, currency: currency.code))")
        }
        let digits = whole + kept + String(repeating: "0", count: currency.digits - kept.count)
        guard let units = Int64((isNegative ? "-" : "") + digits) else {
            throw MoneyText.Problem(
                text: "\(text) is more than an amount can be",
                cure: "the largest is \(MoneyText.text(minorUnits: .max, currency: currency.code))")
        }
        return units
    }

    /// Runs of digits, in ASCII, and the separators between them.
    private struct Parts {
        var runs: [String] = [""]
        var separators: [Character] = []
    }

    private static func parts(_ number: Substring, in text: String) throws(MoneyText.Problem) -> Parts {
        var parts = Parts()
        var zero: UInt32?
        for character in number {
            if let digit = digit(character), let scalar = character.unicodeScalars.first {
                let own = scalar.value - UInt32(digit)
                guard zero ?? own == own else {
                    throw MoneyText.Problem(
                        text: "\(text) mixes digits of several scripts", cure: "write it as 1250.00 EUR")
                }
                zero = own
                parts.runs[parts.runs.count - 1].append(String(digit))
            } else if let separator = separators[character] {
                parts.separators.append(separator)
                parts.runs.append("")
            } else {
                throw notANumber(text)
            }
        }
        guard parts.runs.allSatisfy({ !$0.isEmpty }) else { throw notANumber(text) }
        return parts
    }

    static func notANumber(_ text: String) -> MoneyText.Problem {
        MoneyText.Problem(text: "\(text) is not an amount of money", cure: "write it as 1250.00 EUR")
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
        _ parts: Parts, _ currency: Currency, in text: String
    ) throws(MoneyText.Problem) -> (whole: String, decimals: String) {
        guard let last = parts.separators.last else { return (parts.runs[0], "") }
        let groups = parts.separators.dropLast()
        let isDecimal = groups.isEmpty ? try isDecimal(last, parts, currency, in: text) : !groups.contains(last)
        guard isDecimal else {
            try checkGroups(parts.runs, parts.separators[...], in: text)
            return (parts.runs.joined(), "")
        }
        guard ".,٫".contains(last) else { throw uncertain(text) }
        try checkGroups(parts.runs.dropLast(), groups, in: text)
        return (parts.runs.dropLast().joined(), parts.runs[parts.runs.count - 1])
    }

    /// Whether the only separator of a number is its decimal separator.
    private static func isDecimal(
        _ separator: Character, _ parts: Parts, _ currency: Currency, in text: String
    ) throws(MoneyText.Problem) -> Bool {
        if separator == "٫" { return true }
        guard ".,".contains(separator) else { return false }
        let (whole, rest) = (parts.runs[0], parts.runs[1])
        let mayBeGroup = rest.count == 3 && whole.count <= 3 && whole.first != "0"
        guard mayBeGroup, !(separator == "." && currency.digits == 3) else { return true }
        throw MoneyText.Problem(
            text: "\(text) may mean \(whole)\(rest) or \(whole) and a fraction",
            cure: currency.digits == 0
                ? "write \(whole)\(rest) \(currency.code)"
                : "write \(whole)\(rest).00 \(currency.code) or \(whole).\(decimals(rest)) \(currency.code)")
    }

    /// Decimals without zeros at the end, but two at least, as in 25 of 250.
    private static func decimals(_ digits: String) -> Substring {
        digits.hasSuffix("0") ? digits.dropLast() : digits[...]
    }

    /// One kind of separator; a first group of one to three digits and others of three, or of two before the last.
    private static func checkGroups(
        _ runs: some BidirectionalCollection<String>, _ separators: ArraySlice<Character>, in text: String
    ) throws(MoneyText.Problem) {
        guard let first = runs.first, let last = runs.last, let separator = separators.first else { return }
        let middle = runs.dropFirst().dropLast()
        let areThousands = middle.allSatisfy { $0.count == 3 } && first.count <= 3
        let areLakhs = separator == "," && !middle.isEmpty && middle.allSatisfy { $0.count == 2 } && first.count <= 2
        guard last.count == 3, areThousands || areLakhs, separators.allSatisfy({ $0 == separator }), separator != "٫"
        else { throw uncertain(text) }
    }

    private static func uncertain(_ text: String) -> MoneyText.Problem {
        MoneyText.Problem(
            text: "\(text): how the digits are grouped is not certain", cure: "write it as 1250.00 EUR or 1,250.00 EUR")
    }
}
