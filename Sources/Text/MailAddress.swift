/// E-mail addresses in one form.
package enum MailAddress {
    /// The address with its domain as ``HostName`` has it. What stands before the @ stays as it was typed: what it means, the mailbox's server
    /// alone knows. Nil for a text without a @, or with no domain behind it.
    package static func normal(_ text: String) -> String? {
        guard let at = text.unicodeScalars.lastIndex(of: "@") else { return nil }
        let domain = text[text.unicodeScalars.index(after: at)...]
        return HostName.normal(domain).map { text[..<at] + "@" + $0 }
    }

    /// What tells an address from others for who looks for one: its letters and digits in its form, in upper or lower case.
    package static func key(_ text: String) -> [UInt16] { SearchText.code(of: normal(text) ?? text) }
}
