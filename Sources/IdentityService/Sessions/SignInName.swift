/// How people may write what they sign in with: workspace and e-mail address in either case, with white space around them.
enum SignInName {
    /// The form in which such names are kept and compared: lower case, no white space around it.
    static func normalized(_ text: String) -> String {
        var characters = text[...]
        while characters.first?.isWhitespace == true { characters.removeFirst() }
        while characters.last?.isWhitespace == true { characters.removeLast() }
        return characters.lowercased()
    }
}
