import Text

/// How people may write what they sign in with: workspace and e-mail address in either case, with white space around them.
enum SignInName {
    /// The form in which such names are kept and compared: lower case, in the form of all texts (`TextForm`).
    static func normalized(_ text: String) -> String {
        TextForm.normalized(TextForm.normalized(text).lowercased())
    }
}
