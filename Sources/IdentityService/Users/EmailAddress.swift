import RPC
import Text

/// An e-mail address as a name to sign in with: lower case, at most 254 bytes.
package struct EmailAddress: Hashable, Sendable {
    /// The address in lower case.
    package let text: String

    /// Reads an address in either case, with or without white space around it; nil when it is not one.
    package init?(_ text: String) {
        let address = SignInName.normalized(text)
        let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard address.utf8.count <= EmailAddress.bytesMax, parts.count == 2,
            TextForm.oneLine.forbidden(in: address) == nil
        else { return nil }
        guard (1...EmailAddress.localBytesMax).contains(parts[0].count) else { return nil }
        guard parts[0].allSatisfy({ $0 > 0x20 && $0 != 0x7f && !EmailAddress.forbidden.contains($0) }) else {
            return nil
        }
        guard EmailAddress.isDomain(parts[1]) else { return nil }
        self.text = address
    }

    static func violation(of text: String, field: String) -> FieldViolation? {
        if text.isEmpty {
            return FieldViolation(field: field, reason: "REQUIRED", description: "Give an e-mail address.")
        }
        if EmailAddress(text) != nil { return nil }
        return FieldViolation(
            field: field, reason: "EMAIL_MALFORMED",
            description: "Not an e-mail address: write it as in name@example.com, at most 254 bytes.")
    }

    /// Limits of RFC 5321, section 4.5.3.1.
    private static let bytesMax = 254
    private static let localBytesMax = 64
    private static let labelBytesMax = 63
    private static let forbidden = Set("\"(),:;<>[]\\".utf8)

    /// Two or more labels of letters, digits, - and non-ASCII characters, joined by dots.
    private static func isDomain(_ text: some Collection<UInt8>) -> Bool {
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...labelBytesMax).contains(label.count) && label.first != hyphen
                    && Array(label).last != hyphen
                    && label.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                            hyphen, 0x80...:
                            true
                        default: false
                        }
                    }
            }
    }
}
