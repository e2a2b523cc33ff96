/// What a user may be allowed to do with the records of a kind. Written `account.read` in documents and messages.
package struct Action: Hashable, Sendable, CustomStringConvertible {
    /// Position in tables of rights.
    let index: Int
    /// Name in grants, lower case.
    package let name: String

    package static let read = Action(index: 0, name: "read")
    package static let create = Action(index: 1, name: "create")
    package static let update = Action(index: 2, name: "update")
    package static let delete = Action(index: 3, name: "delete")

    /// Every action, in the order of `index`. New ones go to the end.
    package static let all: [Action] = [.read, .create, .update, .delete]

    private init(index: Int, name: String) {
        self.index = index
        self.name = name
    }

    /// Finds an action by its name in a grant; nil for an unknown one.
    package init?(named name: String) {
        guard let action = Action.all.first(where: { $0.name == name }) else { return nil }
        self = action
    }

    package var description: String { name }
}

/// Which records of a kind a grant covers. Each scope contains the ones before it.
package enum Scope: Int, Comparable, Sendable, CaseIterable {
    /// None.
    case none
    /// Those the user owns.
    case own
    /// Those of the user's department, and the user's own.
    case unit
    /// Those of the user's department and the departments below it, and the user's own.
    case subtree
    /// All of the tenant.
    case all

    package static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
}

/// What a user may do with a field. Each level contains the ones before it.
package enum FieldLevel: Int, Comparable, Sendable, CaseIterable {
    /// The field is not there.
    case none
    /// A part of the value can be read.
    case masked
    /// The value can be read.
    case read
    /// The value can be read and changed.
    case write

    package static func < (left: FieldLevel, right: FieldLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Whether the records of a kind belong to a user and a department.
package enum Ownership: Sendable {
    /// They have an owner and may have a department; scopes select among them.
    case owned
    /// They belong to the tenant as a whole, as pipelines and departments do. Whoever may read some may read all;
    /// writing needs the scope `all`, because a smaller scope would select none of them.
    case shared
}
