/// A number as people write it: decimal digits and where the point stands. What is rounded is what they see: 1.005 is rounded to 1.01, though the
/// nearest double is less.
struct DecimalNumber {
    /// Digits that numbers of formulas have, as those of spreadsheets.
    static let digitsMax = 15

    private let isNegative: Bool
    /// At most 17 digits: the shortest text that gives the double again.
    private let digits: Int64
    /// The number is `digits` times ten to this.
    private let exponent: Int

    init(_ number: Double) {
        var (digits, exponent, isFraction, power) = (Int64(0), 0, false, Substring())
        let text = "\(number.magnitude)"
        for (index, byte) in zip(text.utf8.indices, text.utf8) {
            switch byte {
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"): power = text[text.utf8.index(after: index)...]
            default:
                guard power.isEmpty else { continue }
                digits = digits * 10 + Int64(byte - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
        }
        exponent += Int(power) ?? 0
        while digits != 0, digits % 10 == 0 { (digits, exponent) = (digits / 10, exponent + 1) }
        (isNegative, self.digits, self.exponent) = (number < 0, digits, exponent)
    }

    var digitCount: Int { digits == 0 ? 1 : "\(digits)".utf8.count }

    /// The number with as many digits as numbers of formulas have; nil for what is none.
    static func rounded(_ number: Double) -> Double? {
        guard number.isFinite else { return nil }
        let decimal = DecimalNumber(number)
        let more = decimal.digitCount - digitsMax
        return more > 0 ? decimal.rounded(to: decimal.exponent + more) : number == 0 ? 0 : number
    }

    /// The number rounded to so many digits after the point; halves go away from zero.
    static func rounded(_ number: Double, places: Int) -> Double {
        let decimal = DecimalNumber(number)
        return decimal.exponent >= -places ? number : decimal.rounded(to: -places)
    }

    private func rounded(to power: Int) -> Double {
        guard power - exponent <= 18 else { return 0 }
        let kept = Self.quotient(Int128(digits), Self.power(power - exponent))
        let number = Double("\(kept)e\(power)") ?? 0
        return isNegative && number != 0 ? -number : number
    }

    /// The product with a whole number, rounded to one; nil when it is none of 64 bits.
    func product(with number: Int64) -> Int64? {
        let product = Int128(number) * Int128(isNegative ? -digits : digits)
        if exponent <= 0 { return -exponent <= 37 ? Int64(exactly: Self.quotient(product, Self.power(-exponent))) : 0 }
        guard product != 0 else { return 0 }
        guard exponent <= 18 else { return nil }
        let (whole, isTooLarge) = product.multipliedReportingOverflow(by: Self.power(exponent))
        return isTooLarge ? nil : Int64(exactly: whole)
    }

    /// A whole number divided by this one, rounded to one; nil when it is none of 64 bits, or this one is 0.
    func quotient(of number: Int64) -> Int64? {
        guard digits != 0 else { return nil }
        let divisor = Int128(isNegative ? -digits : digits)
        guard exponent < 0 else {
            return exponent <= 20 ? Int64(exactly: Self.quotient(Int128(number), divisor * Self.power(exponent))) : 0
        }
        guard number != 0 else { return 0 }
        // More digits than these make a quotient of more than 64 bits, the divisor having at most 17.
        guard -exponent <= 37 else { return nil }
        let (whole, isTooLarge) = Int128(number).multipliedReportingOverflow(by: Self.power(-exponent))
        return isTooLarge ? nil : Int64(exactly: Self.quotient(whole, divisor))
    }

    /// Halves go away from zero.
    private static func quotient(_ number: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        guard rest.magnitude * 2 >= divisor.magnitude else { return quotient }
        return (number < 0) == (divisor < 0) ? quotient + 1 : quotient - 1
    }

    private static func power(_ exponent: Int) -> Int128 { (0..<exponent).reduce(1) { power, _ in power * 10 } }
}
