import Money
import Text

/// Form of a text field. Checks the form only: whether a mailbox or a phone exists, nobody can tell without asking it.
package enum FieldFormat: Sendable {
    /// local@domain, at most 254 characters, a dot in the domain; Unicode on both sides is allowed.
    case email
    /// International form: + and 7 to 15 digits (E.164), with spaces, dots, hyphens, slashes and parentheses between; `;ext=` and the 1 to 7 digits
    /// of an extension may follow. Stored without what stands between.
    case phone
    /// http or https with a host, no user name in it, at most 2,048 characters.
    case url
    /// ISO 4217, three capital letters in use as a currency.
    case currency
    /// ISO 3166-1 alpha-2, two capital letters.
    case country
    /// IETF language tag: subtags of 1 to 8 letters or digits, the first of 2 to 8 letters, as in zh-CN.
    case language
    /// Name of a time zone in the IANA database, Area/City, as in Europe/Berlin, or UTC.
    case timeZone

    /// Whether the text has this form.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .email: FieldFormat.isEmail(text)
        case .phone: FieldFormat.isPhone(text)
        case .url: FieldFormat.isURL(text)
        case .currency: Currency.codes.contains(text)
        case .country: CodeList.countries.contains(text)
        case .language: FieldFormat.isLanguage(text)
        case .timeZone: CodeList.timeZones.contains(text)
        }
    }

    /// What the text should look like, for the error.
    package var expectation: String {
        switch self {
        case .email: "an e-mail address as in ann@example.com"
        case .phone:
            "a phone number in international form as in +49 30 1234567, or as it is dialled in the workspace's country"
        case .url: "a web address that begins with http:// or https://"
        case .currency: "a currency code of ISO 4217 as in EUR"
        case .country: "a country: its code of ISO 3166-1 as in DE, or its name"
        case .language: "a language tag as in en or zh-CN"
        case .timeZone: "the name of a time zone of the IANA database as in Europe/Berlin, not an abbreviation"
        }
    }

    /// Most characters of a text of this form.
    package var lengthMax: Int {
        switch self {
        case .email: FieldFormat.emailBytesMax
        case .phone: FieldFormat.phoneBytesMax
        case .url: FieldFormat.urlBytesMax
        case .currency: 3
        case .country: 2
        case .language: FieldFormat.languageBytesMax
        case .timeZone: FieldFormat.timeZoneBytesMax
        }
    }

    private static let emailBytesMax = 254
    private static let phoneBytesMax = 40
    private static let languageBytesMax = 35
    private static let timeZoneBytesMax = 50
    private static let emailLocalBytesMax = 64
    private static let urlBytesMax = 2048

    private static func isEmail(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard text.utf8.count <= emailBytesMax, let at = scalars.lastIndex(of: "@") else { return false }
        let local = text[..<at]
        guard local.utf8.count <= emailLocalBytesMax, isDotted(local.unicodeScalars),
            local.unicodeScalars.allSatisfy({ isLocalPart($0) })
        else { return false }
        let domain = text[scalars.index(after: at)...]
        return isHost(domain) && domain.utf8.contains(UInt8(ascii: "."))
    }

    /// Parts with a dot between each two of them.
    private static func isDotted(_ text: Substring.UnicodeScalarView) -> Bool {
        var previous: Unicode.Scalar = "."
        for scalar in text {
            if scalar == ".", previous == "." { return false }
            previous = scalar
        }
        return previous != "."
    }

    private static func isLocalPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x20 && scalar.value != 0x7f && !"\"(),:;<>@[\\]".unicodeScalars.contains(scalar)
            && (scalar.isASCII
                || !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint)
    }

    /// Labels of letters, digits and inner hyphens, separated by dots. None begins with a mark that belongs on a letter (RFC 5891, 4.2.3.2).
    private static func isHost(_ text: Substring) -> Bool {
        guard text.utf8.count <= 253, isDotted(text.unicodeScalars) else { return false }
        var (labelBytes, previous) = (0, "." as Unicode.Scalar)
        for scalar in text.unicodeScalars {
            if scalar == "." {
                guard previous != "-" else { return false }
                labelBytes = 0
            } else {
                guard isHostCharacter(scalar, isFirst: labelBytes == 0) else { return false }
                labelBytes += UTF8.width(scalar)
                guard labelBytes <= 63 else { return false }
            }
            previous = scalar
        }
        return previous != "-"
    }

    private static func isHostCharacter(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        if scalar.isASCII {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            return isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") && !isFirst
        }
        if scalar.properties.generalCategory == .nonspacingMark { return !isFirst }
        return scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
    }

    private static func isPhone(_ text: String) -> Bool {
        guard text.first == "+" else { return false }
        var digits = 0
        let number = PhoneNumber.main(text)
        let rest = text.utf8.dropFirst(number.utf8.count)
        guard rest.isEmpty || PhoneNumber.isExtension(rest) else { return false }
        for byte in number.utf8.dropFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/"),
                UInt8(ascii: "("),
                UInt8(ascii: ")"):
                continue
            default: return false
            }
        }
        return (7...15).contains(digits) && text.utf8.count <= phoneBytesMax
    }

    private static func isURL(_ text: String) -> Bool {
        guard text.utf8.count <= urlBytesMax, let scheme = [secureScheme, scheme].first(where: { begins(text, $0) }),
            text.unicodeScalars.allSatisfy({
                $0.isASCII ? $0.value > 0x20 && $0.value != 0x7f : !$0.properties.isWhitespace
            })
        else { return false }
        let rest = text.unicodeScalars.dropFirst(scheme.count)
        let authority = Substring(rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" })
        guard let colon = authority.unicodeScalars.firstIndex(of: ":") else { return isHost(authority) }
        return isHost(authority[..<colon]) && UInt16(Substring(authority.unicodeScalars[colon...].dropFirst())) != nil
    }

    private static let secureScheme = Array("https://".utf8)
    private static let scheme = Array("http://".utf8)

    /// In either case.
    private static func begins(_ text: String, _ prefix: [UInt8]) -> Bool {
        text.utf8.count >= prefix.count
            && zip(text.utf8, prefix).allSatisfy { $0 == $1 || isLetter($0) && $0 | 0x20 == $1 }
    }

    private static func isLanguage(_ text: String) -> Bool {
        let subtags = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= languageBytesMax, let first = subtags.first, (2...8).contains(first.utf8.count),
            first.utf8.allSatisfy({ isLetter($0) })
        else { return false }
        return subtags.dropFirst().allSatisfy { subtag in
            (1...8).contains(subtag.utf8.count) && subtag.utf8.allSatisfy { isLetter($0) || isDigit($0) }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
