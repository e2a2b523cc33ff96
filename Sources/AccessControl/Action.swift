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
    /// Bringing records from elsewhere: many of them in one call.
    package static let `import` = Action(index: 4, name: "import")
    /// Taking along all records that may be read.
    package static let export = Action(index: 5, name: "export")
    /// Changing the records that a filter selects.
    package static let massUpdate = Action(index: 6, name: "mass_update")
    /// Giving the records that a filter selects to another owner.
    package static let reassign = Action(index: 7, name: "reassign")
    /// Making one record of several.
    package static let merge = Action(index: 8, name: "merge")
    /// Removing a record for good, its past included.
    package static let erase = Action(index: 9, name: "erase")

    /// What is done with single records.
    package static let single: [Action] = [.read, .create, .update, .delete]
    /// What is done with many at once or cannot be taken back. Each comes on top of what it does with single records: who exports
    /// has to read, too, and takes along what both cover.
    package static let bulk: [Action] = [.import, .export, .massUpdate, .reassign, .merge, .erase]
    /// Every action, in the order of `index`. New ones go to the end.
    package static let all = single + bulk
    /// Those that a method asks for. The others can be granted, for the methods to come, and allow nothing yet.
    package static let asked = single + [.import, .export, .massUpdate, .reassign, .erase]

    private init(index: Int, name: String) {
        self.index = index
        self.name = name
    }

    /// Finds an action by its name in a grant; nil for an unknown one.
    package init?(named name: String) {
        guard let action = Action.all.first(where: { $0.name == name }) else { return nil }
        self = action
    }

    /// It gives something to see and changes nothing.
    var isReading: Bool { self == .read || self == .export }

    /// What a share must be good for to allow it; nil for what no share allows: creating and deleting, another owner, and what cannot be
    /// taken back.
    package var shareUse: ShareUse? {
        switch self {
        case .read, .export: .reading
        case .update, .massUpdate: .writing
        default: nil
        }
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
