/// A kind of records that a workspace has defined.
package struct TenantObject: Hashable, Sendable {
    /// As in `project`.
    package let name: String
    /// No other object of the workspace has it or had it: records are kept under it.
    package let number: Int64
    /// Its records have no owner.
    package let isShared: Bool
    /// Numbers its records; nil: they have names.
    package let numberFormat: NumberFormat?
    /// What people call one of its records, and several; nil where it says none.
    package let displayName: String?
    package let pluralDisplayName: String?
    /// What it is for.
    package let description: String?
    /// The name of the field that gives its records their display_name; nil: people write it.
    package let displayField: String?
    /// What whoever may do with some of its records may do with all of them, whoever owns them; nil: nothing.
    package let openness: ShareUse?

    package init(
        name: String, number: Int64, isShared: Bool = false, numberFormat: NumberFormat? = nil,
        displayName: String? = nil, pluralDisplayName: String? = nil, description: String? = nil,
        displayField: String? = nil, openness: ShareUse? = nil
    ) {
        (self.name, self.number, self.isShared, self.numberFormat) = (name, number, isShared, numberFormat)
        (self.displayName, self.pluralDisplayName) = (displayName, pluralDisplayName)
        (self.description, self.displayField, self.openness) = (description, displayField, openness)
    }

    /// Before the name in grants, field policies, the ledger and jobs: no kind of records of the product has a dot in its name, also none of a
    /// later version.
    package static let prefix = TenantField.prefix

    /// How grants, field policies, the ledger and jobs call it, as in `custom.project`.
    package var object: String { Self.prefix + name }

    /// Whether a text names an object that a workspace may define, as grants do.
    package static func isObject(_ text: String) -> Bool {
        text.hasPrefix(prefix) && TenantField.isName(text.dropFirst(prefix.count))
    }
}

/// How an object numbers its records, as in `CASE-{year}-{number:5}` for CASE-2026-00042.
package struct NumberFormat: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case text(String)
        case year
        /// With so many digits at least.
        case number(Int)
    }

    private let parts: [Part]
    /// As it was written.
    package let text: String

    /// Characters of a format.
    package static let lengthMax = 50
    /// Digits that a format may ask for.
    package static let digitsMax = 12

    /// The count begins anew each year.
    package var isYearly: Bool { parts.contains(.year) }

    /// Nil for a text that is no format: one number, one year at most, and no other braces.
    package init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.count) else { return nil }
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else { return nil }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            guard let part = Self.part(rest[rest.index(after: open)..<close]) else { return nil }
            parts.append(part)
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        let numbers = parts.count { if case .number = $0 { true } else { false } }
        guard numbers == 1, parts.count(where: { $0 == .year }) <= 1 else { return nil }
        (self.parts, self.text) = (parts, text)
    }

    /// The text of a number. A number with more digits than asked for has all of them.
    package func text(number: Int64, year: Int) -> String {
        parts.map { part in
            switch part {
            case .text(let text): return text
            case .year: return String(year)
            case .number(let digits):
                let text = String(number)
                return String(repeating: "0", count: max(0, digits - text.count)) + text
            }
        }.joined()
    }

    private static func part(_ text: Substring) -> Part? {
        if text == "year" { return .year }
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        guard words.first == "number", words.count <= 2 else { return nil }
        guard words.count == 2 else { return .number(1) }
        let isPlain = words[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isPlain, let digits = Int(words[1]), (1...digitsMax).contains(digits) else { return nil }
        return .number(digits)
    }
}
