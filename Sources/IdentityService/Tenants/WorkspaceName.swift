import RPC

/// The name of a workspace, the first thing a user types to sign in: 3 to 40 of a-z, 0-9 and -, the hyphen neither
/// first nor last. It never changes and is unique over all tenants.
package struct WorkspaceName: Hashable, Sendable {
    package let text: String

    /// Nil when `text` is not the name of a workspace.
    package init?(_ text: String) {
        guard WorkspaceName.violation(of: text, field: "") == nil else { return nil }
        self.text = text
    }

    /// The name that somebody typed, in whatever case and with white space around it; nil when it cannot be one.
    package init?(typed text: String) {
        self.init(SignInName.normalized(text))
    }

    static let lengths = 3...40

    /// What is wrong with `text` as a new workspace's name, or nil.
    static func violation(of text: String, field: String) -> FieldViolation? {
        let bytes = text.utf8
        if bytes.isEmpty {
            return FieldViolation(field: field, reason: "REQUIRED", description: "Give the workspace a name.")
        }
        let hyphen = UInt8(ascii: "-")
        let fits =
            lengths.contains(bytes.count) && bytes.first != hyphen && bytes.last != hyphen
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen:
                    true
                default: false
                }
            }
        if fits { return nil }
        return FieldViolation(
            field: field, reason: "WORKSPACE_NAME_MALFORMED",
            description: "A workspace name has 3 to 40 of a-z, 0-9 and -, with no - at either end.")
    }
}
