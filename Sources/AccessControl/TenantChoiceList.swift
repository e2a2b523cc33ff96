/// What there is to choose from: in all fields that take their choices from a list of the workspace, or in one that has choices of its own.
package struct TenantChoiceList: Equatable, Sendable {
    /// By what definitions of fields name it; nil for the choices of one field alone.
    package let name: String?
    /// In its order, the retired ones included.
    package let entries: [TenantChoice]
    /// The texts that all workspaces have and that are bound to it, as in `account.industry`.
    package let boundFields: Set<String>
    /// Positions of the values.
    private let places: [String: Int]

    /// Of entries with the same value only the first counts; identity gives none such.
    package init(name: String?, entries: [TenantChoice], boundFields: Set<String> = []) {
        (self.name, self.entries, self.boundFields) = (name, entries, boundFields)
        places = Dictionary(
            entries.enumerated().map { ($1.value, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The choices of a field alone.
    package init(own values: [String]) { self.init(name: nil, entries: values.map { TenantChoice(value: $0) }) }

    package static func == (one: TenantChoiceList, other: TenantChoiceList) -> Bool {
        one.name == other.name && one.entries == other.entries && one.boundFields == other.boundFields
    }

    /// Entries that a list may have.
    package static let entriesMax = 1_000
    /// Lists that a workspace may have.
    package static let countMax = 200

    /// The entry that records have under a value; nil for one that is not there, or not any more.
    package func entry(_ value: String) -> TenantChoice? { places[value].map { entries[$0] } }

    /// What is chosen in place of a value now: what took its place, or the place of that, and so on; the value itself where nothing did.
    package func successor(of value: String) -> String {
        var (value, passed) = (value, Set<String>())
        while let entry = entry(value), entry.isRetired, let next = entry.successor, passed.insert(value).inserted {
            value = next
        }
        return value
    }
}

/// One of what there is to choose from.
package struct TenantChoice: Hashable, Sendable {
    /// What records hold.
    package let value: String
    /// What people call it; nil for the value.
    package let displayName: String?
    /// The same in other languages.
    package let labels: [TenantLabel]
    /// As in #1e90ff.
    package let colour: String?
    /// It cannot be chosen anew.
    package let isRetired: Bool
    /// What took its place.
    package let successor: String?

    package init(
        value: String, displayName: String? = nil, labels: [TenantLabel] = [], colour: String? = nil,
        isRetired: Bool = false, successor: String? = nil
    ) {
        (self.value, self.displayName, self.labels) = (value, displayName, labels)
        (self.colour, self.isRetired, self.successor) = (colour, isRetired, successor)
    }
}
