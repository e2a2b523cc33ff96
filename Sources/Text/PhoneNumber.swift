import CPhoneNumber

/// Phone numbers in one form, by libphonenumber: E.164, a plus and 7 to 15 digits, then `;ext=` and the digits of an extension as in the addresses
/// of telephones (RFC 3966).
package enum PhoneNumber {
    /// Characters (Unicode scalars) of what people type for one.
    package static let typedLengthMax = 100
    /// Bytes of a number in its form.
    package static let bytesMax = 1 + 15 + extensionMark.utf8.count + extensionDigitsMax

    private static let extensionMark = ";ext="
    private static let extensionDigitsMax = 7

    /// Nil for what is no phone number. One that begins with a plus, or with the 00 that stands for it, needs no country; it may have as many digits as
    /// numbers have anywhere, since numbering plans change and libphonenumber's are of the day when it was packaged. One without must fit the
    /// country's.
    ///
    /// - Parameter country: where it is dialled (ISO 3166-1 alpha-2).
    package static func normal(_ text: String, country: String?) -> String? {
        guard let typed = Typed(text) else { return nil }
        var number = typed.digits
        if number.hasPrefix("+00") { number.removeFirst() }
        if !number.hasPrefix("+") {
            let abroad = number.hasPrefix("00") ? "+" + number.dropFirst(2) : ""
            // libphonenumber takes whatever has a possible length for a number of the country.
            if let known = abroad.isEmpty ? nil : read(abroad, nil) {
                number = known
            } else if let country, let known = read(number, country) {
                number = known
            } else if !abroad.isEmpty {
                number = abroad
            } else {
                return nil
            }
        } else if let place = typed.zero, read(number, nil) == nil {
            // What nobody dials from abroad.
            number.remove(at: number.utf8.index(number.startIndex, offsetBy: place))
        }
        // Each pass takes a zero at most that is dialled within the country, so the last one changes nothing.
        while let next = read(number, nil), next != number, next.utf8.count <= number.utf8.count { number = next }
        // No code of a country begins with a zero.
        guard (8...16).contains(number.utf8.count), !number.hasPrefix("+0") else { return nil }
        return typed.extension.isEmpty ? number : number + extensionMark + typed.extension
    }

    /// What filters look for in numbers that are in their form: a part of one, however it was typed, without what is dialled before it. Nil for a text
    /// that is no part of a number.
    ///
    /// - Parameters:
    ///   - isBeginning: numbers begin with it, so that what is dialled before them becomes the code of a country.
    ///   - country: where it is dialled.
    package static func part(_ text: String, isBeginning: Bool, country: String?) -> String? {
        guard text.utf8.count <= 4 * typedLengthMax else { return nil }
        guard let typed = digits(text[...]), typed.digits.contains(where: { $0 != "+" }) else { return nil }
        var digits = typed.digits
        if digits.hasPrefix("+") {
            if let zero = typed.zero { digits.remove(at: digits.utf8.index(digits.startIndex, offsetBy: zero)) }
            return digits
        }
        let dialled = String(digits.drop { $0 == "0" })
        guard !dialled.isEmpty else { return digits }
        guard isBeginning else { return dialled }
        if digits.hasPrefix("00") { return "+" + dialled }
        guard let country, let place = callingCode(of: country) else { return digits }
        return "+\(place.code)" + (digits.hasPrefix(place.prefix) ? digits.dropFirst(place.prefix.count) : digits[...])
    }

    private static func callingCode(of country: String) -> (code: Int32, prefix: String)? {
        var prefix = [CChar](repeating: 0, count: 8)
        let code = steward_country_calling_code(country, &prefix, Int32(prefix.count))
        guard code > 0 else { return nil }
        return (code, String(decoding: prefix.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// The number without its extension, of one in its form.
    package static func main(_ number: some StringProtocol) -> Substring {
        Substring(number.prefix { $0 != ";" })
    }

    /// Whether these are the mark of an extension and its digits.
    package static func isExtension(_ bytes: some Collection<UInt8>) -> Bool {
        let digits = bytes.dropFirst(extensionMark.utf8.count)
        return bytes.starts(with: extensionMark.utf8) && (1...extensionDigitsMax).contains(digits.count)
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func read(_ digits: String, _ country: String?) -> String? {
        var number = [CChar](repeating: 0, count: 32)
        guard steward_phone_number(digits, Int32(digits.utf8.count), country, &number, Int32(number.count)) else {
            return nil
        }
        return String(decoding: number.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What was typed, taken apart: nothing but digits comes to libphonenumber.
    private struct Typed {
        /// A plus, where one was typed, and digits.
        var digits = ""
        /// The place among them of a zero in brackets.
        var zero: Int?
        var `extension` = ""

        init?(_ text: String) {
            guard text.utf8.count <= 4 * typedLengthMax, text.unicodeScalars.count <= typedLengthMax else { return nil }
            var rest = text[...]
            if let mark = Self.mark(in: rest) {
                let typed = rest[mark.upperBound...].drop { ".:= ".contains($0) }
                let digits = typed.unicodeScalars.compactMap(digit)
                guard digits.count == typed.unicodeScalars.count, (1...extensionDigitsMax).contains(digits.count) else {
                    return nil
                }
                `extension` = digits.joined()
                rest = rest[..<mark.lowerBound]
            }
            guard let typed = PhoneNumber.digits(rest) else { return nil }
            (digits, zero) = typed
            guard digits.utf8.count <= 20 else { return nil }
        }

        /// What parts a number from its extension.
        private static func mark(in text: Substring) -> Range<Substring.Index>? {
            guard !text.unicodeScalars.allSatisfy({ $0 == "+" || digit($0) != nil || isSeparator($0) }) else {
                return nil
            }
            if let mark = text.firstRange(of: extensionMark) { return mark }
            let indices = Array(text.unicodeScalars.indices)
            // Each as one scalar, so that places are those of the text.
            let scalars = text.unicodeScalars.map { scalar in
                let small = scalar.properties.lowercaseMapping.unicodeScalars
                return small.count == 1 ? small[small.startIndex] : scalar
            }
            for start in scalars.indices {
                guard let mark = marks.first(where: { scalars[start...].starts(with: $0) }) else { continue }
                var first = start
                if first > 0, scalars[first - 1] == " " { first -= 1 }
                if first > 0, scalars[first - 1] == "," { first -= 1 }
                let end = start + mark.count
                return indices[first]..<(end < indices.count ? indices[end] : text.endIndex)
            }
            return nil
        }

        /// How people say that the digits of an extension follow, longer words first.
        private static let marks: [[Unicode.Scalar]] = [
            "extension", "extn", "ext", "durchwahl", "x", "#", "转", "轉", "分机", "分機", "内線", "內線", "доб",
        ].map { Array($0.unicodeScalars) }
    }

    /// The digits of a text, behind a plus where one was typed, and the place among them of a zero in brackets; nil for a text with anything else but
    /// what parts digits.
    private static func digits(_ text: Substring) -> (digits: String, zero: Int?)? {
        let bracketed = text.firstRange(of: "(0)")?.lowerBound
        var digits = ""
        var zero: Int?
        for (index, scalar) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
            if index == bracketed { zero = digits.utf8.count }
            if let digit = digit(scalar) {
                digits += digit
            } else if scalar == "+" || scalar == "＋" {
                guard digits.isEmpty else { return nil }
                digits = "+"
            } else if !isSeparator(scalar) {
                return nil
            }
        }
        return (digits, zero)
    }

    private static func digit(_ scalar: Unicode.Scalar) -> String? {
        guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else { return nil }
        return String(Int(value))
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "-", ".", "/", "(", ")", "（", "）", "－", "．", "／": true
        case "\u{2010}"..."\u{2015}": true
        default: scalar.properties.generalCategory == .spaceSeparator || isMarkOfDirection(scalar)
        }
    }

    /// Address books put them around numbers.
    private static func isMarkOfDirection(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{202a}"..."\u{202e}", "\u{200e}", "\u{200f}", "\u{2066}"..."\u{2069}": true
        default: false
        }
    }

    /// Whether a text was typed for a number, wherever that was: its digits, without what is dialled before them, end the number.
    package static func isTyped(_ typed: String, for number: String) -> Bool {
        guard let digits = Typed(typed) else { return false }
        let own = digits.digits.drop { $0 == "+" || $0 == "0" }
        return own.count >= 3 && main(number).hasSuffix(own)
    }

    /// What was typed, as it is kept: without marks of the direction, which nobody types.
    package static func typed(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !isMarkOfDirection($0) }))
    }
}
