import RPC

/// What a password must be. Length counts most (NIST SP 800-63B): no rules about kinds of characters, but the plainest
/// choices are refused, which are those that are tried first.
enum PasswordRules {
    /// In characters as the user sees them. The upper bound keeps hashing cheap for a hostile caller to ask for.
    static let lengths = 10...128
    /// A character may take several bytes; more than this is no password.
    static let bytesMax = 1024
    static let distinctCharactersMin = 4

    /// What is wrong with `password` for the user of these names, or nil.
    static func violation(of password: Password, _ names: PasswordNames, field: String) -> FieldViolation? {
        lengthViolation(of: password.text, field) ?? plainViolation(of: password.text, names, field)
    }

    /// The same for one that takes the place of `old`. One that was given away, as a one-time password is, must not become one's own.
    static func violation(
        of password: Password, replacing old: Password, _ names: PasswordNames, field: String
    ) -> FieldViolation? {
        if let violation = violation(of: password, names, field: field) { return violation }
        guard password.text == old.text else { return nil }
        return FieldViolation(
            field: field, reason: "PASSWORD_UNCHANGED", description: "The password is the present one; choose another.")
    }

    private static func lengthViolation(of text: String, _ field: String) -> FieldViolation? {
        if text.isEmpty {
            return FieldViolation(
                field: field, reason: "REQUIRED", description: "Give a password of 10 to 128 characters.")
        }
        if text.count < lengths.lowerBound {
            return FieldViolation(
                field: field, reason: "PASSWORD_TOO_SHORT", description: "The password needs at least 10 characters.")
        }
        guard text.count > lengths.upperBound || text.utf8.count > bytesMax else { return nil }
        return FieldViolation(
            field: field, reason: "PASSWORD_TOO_LONG",
            description: "The password may have at most 128 characters and 1,024 bytes.")
    }

    private static func plainViolation(of text: String, _ names: PasswordNames, _ field: String) -> FieldViolation? {
        func refuse(_ reason: String, _ description: String) -> FieldViolation {
            FieldViolation(field: field, reason: reason, description: description)
        }
        if Set(text).count < distinctCharactersMin {
            return refuse("PASSWORD_TOO_PLAIN", "The password needs at least 4 different characters.")
        }
        if names.isAddress(text) {
            return refuse("PASSWORD_IS_EMAIL", "The password must not be the e-mail address.")
        }
        if CommonPasswords.contain(text) {
            return refuse("PASSWORD_TOO_COMMON", "The password is one of those that are tried first; choose another.")
        }
        guard let rest = names.rest(of: text) else { return nil }
        if rest.count < PasswordNames.restMin || CommonPasswords.contain(rest) {
            return refuse(
                "PASSWORD_HOLDS_NAME",
                "The password is hardly more than a name of the user or the workspace; it needs 8 characters beside it."
            )
        }
        return nil
    }
}
