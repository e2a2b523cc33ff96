import Text

/// A password in the form in which passwords are hashed: Unicode's normal form C (RFC 8265, OpaqueString), since one system sends
/// é as one character and another as two. Nothing is trimmed and no case is folded: what was typed counts.
struct Password: Sendable {
    let text: String
    /// As it was sent, when that is another text: hashes of before may be of it.
    private let sent: String?

    init(_ sent: String) {
        text = sent.utf8.count > Password.sentBytesMax ? sent : TextForm.composed(sent)
        self.sent = text.utf8.elementsEqual(sent.utf8) ? nil : sent
    }

    /// The texts that a stored hash may be of, the likelier first.
    var forms: [String] { [text] + (sent.map { [$0] } ?? []) }

    /// It is so long that it cannot be anybody's; such a one is not hashed at all.
    var isImpossible: Bool { text.isEmpty || text.utf8.count > PasswordRules.bytesMax }

    /// Normal form C has a third of the bytes at the least: a longer one is too long in any form.
    private static let sentBytesMax = 4 * PasswordRules.bytesMax
}
