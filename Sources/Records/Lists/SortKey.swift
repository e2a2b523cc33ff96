import Text

/// A sort key as it is written: a path, then perhaps `collate` and the name of an order of texts, then perhaps `asc` or `desc`.
package struct SortKey: Sendable {
    package let path: String
    package let isDescending: Bool
    /// The name of the order, as it is written; nil where it names none.
    package let orderName: String?

    /// Stands for the order of the language that is spoken where the workspace is.
    static let workspaceOrder = "workspace"

    /// Nil for a text that is none.
    package init?(_ text: String) { self.init(text.split(separator: " ")) }

    init?(_ words: [Substring]) {
        var words = words
        var order: String?
        if words.count > 2, words[1].lowercased() == "collate" {
            order = String(words[2])
            words.removeSubrange(1...2)
        }
        guard let path = words.first, words.count <= 2, let direction = SortKey.direction(words.dropFirst().first)
        else { return nil }
        (self.path, isDescending, orderName) = (String(path), direction, order)
    }

    private static func direction(_ word: Substring?) -> Bool? {
        switch word?.lowercased() {
        case nil, "asc": false
        case "desc": true
        default: nil
        }
    }

    /// The order of texts that it names.
    func textOrder(_ workspace: TextOrder) -> TextOrder? {
        guard let name = orderName?.lowercased() else { return nil }
        return name == Self.workspaceOrder ? workspace : TextOrder.named(name)
    }

    /// What is wrong with the order of texts that it names, for people; nil where there is nothing.
    package var orderProblem: String? {
        guard let name = orderName?.lowercased(), textOrder(.root) == nil else { return nil }
        return
            "\(name.quoted) is no order of texts; those there are: \(Self.workspaceOrder), "
            + "\(TextOrder.names.joined(separator: ", "))."
    }
}
