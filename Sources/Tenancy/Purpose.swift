/// What a program works for where no user calls. Each is a constant of the module that has such work, in its file Purposes.swift;
/// none is made of what somebody sent (ActorTests).
package struct Purpose: Hashable, Sendable, CustomStringConvertible {
    /// As the ledger tells it: `upgrade_roles`.
    package let name: String
    /// The rights that it has on behalf of a workspace itself, as in `role.update`; on behalf of a user it has the user's.
    package let needs: Set<String>
    /// What it does for a user, too, has to be done whatever a workspace demands of its records.
    package let passesRules: Bool

    /// - Parameter needs: each a kind of records and an action. A purpose says what it needs, so there is no wildcard but `custom.*`, the objects
    ///   that a workspace has defined, which no program knows by name.
    package init(_ name: StaticString, needs: StaticString..., passesRules: Bool = false) {
        self.name = name.description
        self.passesRules = passesRules
        self.needs = Set(needs.map(\.description))
        precondition(
            !self.needs.contains { $0.replacing("custom.*.", with: "", maxReplacements: 1).contains("*") },
            "\(name) names each right that it needs")
    }

    package var description: String { name }
}
