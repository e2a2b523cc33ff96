extension Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as are needed, as in 2026-11-21T09:30:00.25Z.
    public var text: String {
        let (seconds, fraction) = floorDivide(microseconds, 1_000_000)
        let (days, secondOfDay) = floorDivide(seconds, 86_400)
        let second = Int(secondOfDay)
        return Digits.text { text in
            CalendarDay(daysSince1970: Int(days)).write(to: &text)
            text.put("T")
            text.put(second / 3600, 2)
            text.put(":")
            text.put(second / 60 % 60, 2)
            text.put(":")
            text.put(second % 60, 2)
            if fraction > 0 {
                text.put(".")
                text.put(Int(fraction), 6)
                text.dropZeros()
            }
            text.put("Z")
        }
    }

    /// Reads RFC 3339 (section 5.6): a date, T or t or a space, a time with up to nine digits of the second, and Z or
    /// an offset. A bare date means its midnight in UTC. Nil for anything else, for leap seconds, and for a time whose year
    /// in UTC is none of 1 to 9999: `text` could not be read again.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let day = CalendarDay(String(decoding: bytes[..<10], as: UTF8.self)) else {
            return nil
        }
        let midnight = Int64(day.daysSince1970) * 86_400_000_000
        guard bytes.count > 10 else {
            self.init(microseconds: midnight)
            return
        }
        guard "Tt ".utf8.contains(bytes[10]) else { return nil }
        var reader = ClockReader(bytes: bytes[11...])
        guard let clock = reader.clock(), let offset = reader.offset() else { return nil }
        let microseconds = midnight + clock - offset
        guard Timestamp.textRange.contains(microseconds) else { return nil }
        self.init(microseconds: microseconds)
    }

    /// Its text can be read again: it is of a year from 1 to 9999.
    package var isTellable: Bool { Timestamp.textRange.contains(microseconds) }

    /// 0001-01-01T00:00:00Z to the end of 9999.
    private static let textRange: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
}

/// Reads the part of RFC 3339 after the date.
private struct ClockReader {
    var bytes: ArraySlice<UInt8>

    /// hh:mm:ss with an optional fraction, in microseconds since midnight.
    mutating func clock() -> Int64? {
        guard let hour = number(below: 24), skip(":"), let minute = number(below: 60), skip(":"),
            let second = number(below: 60)
        else { return nil }
        let whole = (hour * 3600 + minute * 60 + second) * 1_000_000
        guard skip(".") else { return whole }
        let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...9).contains(digits.count) else { return nil }
        bytes = bytes.dropFirst(digits.count)
        let padded = digits.map { Int64($0 - UInt8(ascii: "0")) } + [Int64](repeating: 0, count: 6)
        return whole + padded.prefix(6).reduce(0) { $0 * 10 + $1 }
    }

    /// Z, z or ±hh:mm at the end of the text, in microseconds.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return bytes.isEmpty ? 0 : nil }
        let sign: Int64 = skip("-") ? -1 : skip("+") ? 1 : 0
        guard sign != 0, let hour = number(below: 24), skip(":"), let minute = number(below: 60) else { return nil }
        return bytes.isEmpty ? sign * (hour * 3600 + minute * 60) * 1_000_000 : nil
    }

    private mutating func skip(_ character: Character) -> Bool {
        guard bytes.first == character.asciiValue else { return false }
        bytes.removeFirst()
        return true
    }

    private mutating func number(below limit: Int64) -> Int64? {
        let digits = bytes.prefix(2).map { Int64($0) - Int64(UInt8(ascii: "0")) }
        guard digits.count == 2, digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        bytes = bytes.dropFirst(2)
        let value = digits[0] * 10 + digits[1]
        return value < limit ? value : nil
    }
}

/// Quotient and remainder with the remainder never negative.
private func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
