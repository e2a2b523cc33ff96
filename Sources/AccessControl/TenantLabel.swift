/// What people call a field, or a choice, in a language, and what it is for.
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
        guard let label = labels.label(in: language) else { return (displayName, description) }
        return (label.displayName, label.description ?? description)
    }
}

extension TenantChoice {
    /// What people call it, to somebody who asks in a language.
    package func label(in language: String?) -> String? { labels.label(in: language)?.displayName ?? displayName }
}

extension [TenantLabel] {
    func label(in language: String?) -> TenantLabel? {
        var range = language?.lowercased().split(separator: "-") ?? []
        while !range.isEmpty {
            let tag = range.joined(separator: "-")
            if let label = first(where: { $0.language.lowercased() == tag }) { return label }
            range.removeLast()
            // A single letter begins what belongs to it, as in zh-x-private.
            if range.last?.count == 1 { range.removeLast() }
        }
        return nil
    }
}
