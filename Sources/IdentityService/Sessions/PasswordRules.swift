import RPC

/// What a password must be. Length counts most (NIST SP 800-63B): no rules about kinds of characters, but the plainest
/// choices are refused.
enum PasswordRules {
    /// In characters as the user sees them. The upper bound keeps hashing cheap for a hostile caller to ask for.
    static let lengths = 10...128
    /// A character may take several bytes; more than this is no password.
    static let bytesMax = 1024
    static let distinctCharactersMin = 4

    /// What is wrong with `password` for the user with this address, or nil.
    static func violation(of password: String, email: String, field: String) -> FieldViolation? {
        func refuse(_ reason: String, _ description: String) -> FieldViolation {
            FieldViolation(field: field, reason: reason, description: description)
        }
        if password.isEmpty { return refuse("REQUIRED", "Give a password of 10 to 128 characters.") }
        if password.count < lengths.lowerBound {
            return refuse("PASSWORD_TOO_SHORT", "The password needs at least 10 characters.")
        }
        if password.count > lengths.upperBound || password.utf8.count > bytesMax {
            return refuse(
                "PASSWORD_TOO_LONG", "The password may have at most 128 characters and 1,024 bytes.")
        }
        if Set(password).count < distinctCharactersMin {
            return refuse("PASSWORD_TOO_PLAIN", "The password needs at least 4 different characters.")
        }
        let localPart = String(email.prefix { $0 != "@" })
        let lowered = password.lowercased()
        if lowered == email.lowercased() || lowered == localPart.lowercased() {
            return refuse("PASSWORD_IS_EMAIL", "The password must not be the e-mail address.")
        }
        return nil
    }

    /// True when a password is so long that it cannot be anybody's; such a one is not hashed at all.
    static func isImpossible(_ password: String) -> Bool {
        password.isEmpty || password.utf8.count > bytesMax
    }
}
