package import RPC
package import Text

/// What a text may hold and how long it may be.
package struct TextRule: Hashable, Sendable {
    package let form: TextForm
    /// Most characters (Unicode scalars), counted in the normalized text.
    package let lengthMax: Int

    /// Bytes of a longer text need not be looked at: even if four characters become one and blanks go, it is too long.
    var rawBytesMax: Int { 16 * lengthMax + 1024 }

    package init(_ form: TextForm, lengthMax: Int) {
        self.form = form
        self.lengthMax = lengthMax
    }

    /// The same for what must be unique.
    var ofKey: TextRule { TextRule(.key, lengthMax: lengthMax) }

    /// What is wrong with a normalized text; nil when nothing is.
    package func violation(of text: String, field: String) -> FieldViolation? {
        // No text has more characters than bytes.
        if text.utf8.count > lengthMax, case let count = text.unicodeScalars.count, count > lengthMax {
            return FieldViolation(
                field: field, reason: "TOO_LONG",
                description: "\(field) has \(count) characters; at most \(lengthMax) are allowed.")
        }
        guard let forbidden = form.forbidden(in: text) else { return nil }
        return FieldViolation(
            field: field, reason: "FORBIDDEN_CHARACTER",
            description: "\(field) has \(forbidden.name) at character \(forbidden.position). \(form.cure)")
    }

    /// The same for a text that must be there.
    package func violation(ofRequired text: String, field: String) -> FieldViolation? {
        text.isEmpty ? TextRule.blank(field) : violation(of: text, field: field)
    }

    /// A text that must be there is not, or holds nothing that anybody could see.
    static func blank(_ field: String) -> FieldViolation {
        FieldViolation(
            field: field, reason: "REQUIRED", description: "\(field) must be set; blanks alone do not count.")
    }
}

extension TextForm {
    /// What to do about a character that is forbidden.
    fileprivate var cure: String {
        switch self {
        case .oneLine:
            "It is one line: take out line breaks, control characters, marks that turn the direction and characters for private use."
        case .multiLine:
            "Take out control characters other than line feed and tab, overrides of the direction and characters for private use."
        case .key:
            "It must be unique, also to the eye: take out line breaks, control characters, what nobody sees, and white space but single spaces."
        }
    }
}
