/// How values are written in settings, both ways.
package enum SettingText {
    /// `250ms`, `5s`, `2m`, `1h`, `7d`: a whole number and its unit. Nil for anything else.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        switch unit {
        case "us": return .microseconds(number)
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return seconds(number, times: 60)
        case "h": return seconds(number, times: 3_600)
        case "d": return seconds(number, times: 86_400)
        default: return nil
        }
    }

    /// `512`, `512B`, `64KiB`, `1MiB`, `2GiB`. Nil for anything else.
    package static func byteCount(_ text: String) -> Int? {
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        let factors = ["": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        guard let factor = factors[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// `true`, `yes`, `on`, `1` and their opposites. Nil for anything else.
    package static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    /// The shortest form that ``duration(_:)`` reads back.
    package static func format(_ duration: Duration) -> String {
        let parts = duration.components
        let microseconds = parts.attoseconds / 1_000_000_000_000
        if microseconds % 1_000 != 0 { return "\(parts.seconds * 1_000_000 + microseconds)us" }
        if microseconds != 0 { return "\(parts.seconds * 1_000 + microseconds / 1_000)ms" }
        for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] as [(String, Int64)]
        where parts.seconds != 0 && parts.seconds % size == 0 { return "\(parts.seconds / size)\(unit)" }
        return "\(parts.seconds)s"
    }

    /// The shortest form that ``byteCount(_:)`` reads back.
    package static func format(byteCount: Int) -> String {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where byteCount != 0 && byteCount % size == 0 { return "\(byteCount / size)\(unit)" }
        return "\(byteCount)B"
    }

    /// Items between commas, without the spaces around them.
    static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { item in
            let start = item.drop { $0 == " " }
            return String(start.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func seconds(_ number: Int, times factor: Int) -> Duration? {
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : .seconds(product)
    }

    private static func numberAndUnit(_ text: String) -> (Int, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        return (number, String(text.dropFirst(digits.count).drop { $0 == " " }))
    }
}
