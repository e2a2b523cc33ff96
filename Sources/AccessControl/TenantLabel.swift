/// What people call a field in a language, and what it is for.
package struct TenantLabel: Hashable, Sendable {
    /// IETF language tag, as in zh-Hant.
    package let language: String
    package let displayName: String
    package let description: String?

    package init(language: String, displayName: String, description: String? = nil) {
        (self.language, self.displayName, self.description) = (language, displayName, description)
    }
}

extension TenantField {
    /// What people call it, and what it is for, to somebody who asks in a language: in that or the next more general one of which there is a
    /// label (zh-Hant-TW, zh-Hant, zh: RFC 4647, 3.4), else as it is called without one.
    package func label(in language: String?) -> (displayName: String?, description: String?) {
        var range = language?.lowercased().split(separator: "-") ?? []
        while !range.isEmpty {
            let tag = range.joined(separator: "-")
            if let label = labels.first(where: { $0.language.lowercased() == tag }) {
                return (label.displayName, label.description ?? description)
            }
            range.removeLast()
            // A single letter begins what belongs to it, as in zh-x-private.
            if range.last?.count == 1 { range.removeLast() }
        }
        return (displayName, description)
    }
}
