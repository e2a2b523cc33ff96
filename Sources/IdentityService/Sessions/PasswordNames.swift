/// What whoever guesses somebody's password knows of him: a password that is hardly more than that is guessed soon.
struct PasswordNames: Sendable {
    /// Characters that a password needs beside names.
    static let restMin = 8
    /// A shorter word is part of many others.
    private static let wordMin = 3

    private let email: String
    /// In lower case, the longest first, so that no part of a longer one is left.
    private let words: [String]

    init(email: String = "", workspace: String = "", displayName: String = "") {
        self.email = email.lowercased()
        let names = [self.email.prefix { $0 != "@" }, workspace.lowercased()[...], displayName.lowercased()[...]]
        let words = names.flatMap { $0.split { !$0.isLetter && !$0.isNumber } }.map(String.init) + ["steward"]
        self.words = Set(words).filter { $0.count >= PasswordNames.wordMin }.sorted { ($1.count, $0) < ($0.count, $1) }
    }

    /// It is the address, or what stands before the @.
    func isAddress(_ text: String) -> Bool {
        let text = text.lowercased()
        return text == email || text == email.prefix { $0 != "@" }
    }

    /// What is left of a password without the names in it; nil when there are none.
    func rest(of text: String) -> String? {
        let lowered = text.lowercased()
        let rest = words.reduce(lowered) { $0.replacing($1, with: "") }
        return rest == lowered ? nil : rest
    }
}
