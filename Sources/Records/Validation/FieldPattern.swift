import RPC
import Text

/// The form that texts of a field have, and what is told of those of another form.
struct FieldPattern: Sendable {
    /// The pattern as the admin wrote it.
    let text: String
    /// The admin's own words.
    let message: String?

    func violation(of value: String, field: String) -> FieldViolation? {
        // Identity takes none that does not compile.
        switch try? TextPatterns.shared.pattern(text).answer(value) {
        case .fits, nil: return nil
        case .differs:
            return FieldViolation(
                field: field, reason: "INVALID_FORMAT",
                description: message ?? "\(field) must be of the form \(text) as a whole.")
        case .tooSlow:
            return FieldViolation(
                field: field, reason: "PATTERN_TOO_SLOW",
                description:
                    "Whether \(field) is of the form \(text) takes too long to tell: send a shorter text, or have an admin write the "
                    + "pattern without repetitions inside of repetitions.")
        }
    }
}
