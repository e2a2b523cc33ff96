import RPC
import Records

/// An e-mail address as a name to sign in with: lower case, at most 254 bytes.
package struct EmailAddress: Hashable, Sendable {
    /// The address in lower case.
    package let text: String

    /// Reads an address in either case, with or without white space around it; nil when it is not one by the rule of every
    /// e-mail field (`FieldFormat.email`): nothing invisible, no dot at an end.
    package init?(_ text: String) {
        let address = SignInName.normalized(text)
        guard FieldFormat.email.accepts(address) else { return nil }
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
}
