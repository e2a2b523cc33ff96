/// Decimal digits of the minor unit of a currency (ISO 4217, table A.1).
enum CurrencyExponent {
    private static let other: [String: Int] = {
        var exponents: [String: Int] = [:]
        let zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
        for code in zero.split(separator: " ") { exponents[String(code)] = 0 }
        for code in "BHD IQD JOD KWD LYD OMR TND".split(separator: " ") { exponents[String(code)] = 3 }
        for code in "CLF UYW".split(separator: " ") { exponents[String(code)] = 4 }
        return exponents
    }()

    static func digits(of currency: String) -> Int { other[currency] ?? 2 }

    /// The amount as people write it, as in 1,234.50 EUR.
    static func text(minorUnits: Int64, currency: String) -> String {
        let digits = digits(of: currency)
        var plain = String(minorUnits.magnitude)
        while plain.count <= digits { plain = "0" + plain }
        let fraction = plain.suffix(digits)
        let whole = plain.dropLast(digits)
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        let number = digits == 0 ? grouped : "\(grouped).\(fraction)"
        return "\(minorUnits < 0 ? "-" : "")\(number) \(currency)"
    }

    /// Minor units from text such as 1234.5; nil when it is no number, has too many digits or does not fit.
    static func minorUnits(_ text: some StringProtocol, currency: String) -> Int64? {
        let digits = digits(of: currency)
        let negative = text.hasPrefix("-")
        let parts = text.dropFirst(negative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard fraction.count <= digits, parts.count == 1 || !fraction.isEmpty else { return nil }
        let number = whole + fraction + String(repeating: "0", count: digits - fraction.count)
        guard number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let units = Int64(number)
        else { return nil }
        return negative ? -units : units
    }
}
