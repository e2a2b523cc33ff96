import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// Roles: the standard commands, and single rights and field policies.
struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Role.noun.name, abstract: Role.noun.abstract,
        subcommands: RecordCommands.standard(Role.self) + [SetField.self, GrantRight.self, RevokeRight.self])

    struct SetField: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets what a role may do with one field, and leaves all others as they are.",
            discussion: """
                none hides the field, masked shows a part of it, read shows it, write is what fields without a policy have.

                Examples:
                  steward role set-field 'Sales rep' deal.amount none
                  steward role set-field 'Sales rep' account.custom.size read
                  steward role set-field 'Sales rep' project.custom.budget masked
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(help: "Kind of records and field, as in deal.amount, account.custom.size or project.custom.budget.")
        var field: String
        @Argument(help: "none, masked, read or write.") var access: String

        func run() async throws {
            let path = try FieldPath(field)
            let level = try RoleEdit.access(access)
            let client = try await options.client(Role.noun)
            if try await !path.isKnown(client.connection) {
                Terminal.note(
                    "\(path.object) has no field \(path.field) that you may see; one that is not defined is refused")
            }
            try await RoleEdit(options: options, field: "field_policies").apply(to: role, client) { role in
                role.fieldPolicies.removeAll { $0.object == path.object && $0.field == path.field }
                if level != .write {
                    role.fieldPolicies.append(FieldPolicy(object: path.object, field: path.field, access: level))
                }
            }
        }
    }

    struct GrantRight: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "grant", abstract: "Gives a role a right, or another scope of it, and leaves all others.",
            discussion: """
                Actions: read, create, update, delete; for many records at once import (more than 100 in one call), export,
                mass_update and reassign; for good erase. merge can be given, too, and does nothing until there is a method.
                A right may be written in one word, as errors name it: user.read. The scope of records that nobody owns is all.

                Examples:
                  steward role grant 'Sales rep' deal delete own
                  steward role grant 'Sales rep' user.read
                  steward role grant 'Sales rep' custom.project.update own
                  steward role grant 'Sales manager' deal export subtree
                  steward role grant 'Office' settings update all
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(
            help: """
                Kind of records and action, as in deal delete or deal.delete, then the scope: own, unit, subtree or all. Actions: \
                \(GrantWords.actions.joined(separator: ", ")). * for all kinds, or all actions and those to come.
                """) var right: [String]

        func run() async throws {
            let typed = try GrantWords(right, takesScope: true)
            let client = try await options.client(Role.noun)
            let words = try await typed.meant(client.connection)
            let scope = try words.scopeOrAll
            try await RoleEdit(options: options, field: "grants").apply(to: role, client) { role in
                role.grants.removeAll { $0.object == words.object && $0.action == words.action }
                role.grants.append(Grant(object: words.object, action: words.action, scope: scope))
            }
        }
    }

    struct RevokeRight: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Takes a right from a role, and leaves all others.",
            discussion: """
                Examples:
                  steward role revoke 'Sales rep' deal delete
                  steward role revoke 'Sales rep' deal.delete
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(help: "Kind of records and action that the role has, as in deal delete or deal.delete.")
        var right: [String]

        func run() async throws {
            let typed = try GrantWords(right, takesScope: false)
            let client = try await options.client(Role.noun)
            let words = try await typed.meant(client.connection)
            try await RoleEdit(options: options, field: "grants").apply(to: role, client) { role in
                let before = role.grants.count
                role.grants.removeAll { $0.object == words.object && $0.action == words.action }
                guard role.grants.count < before else {
                    let has = role.grants.map { "\($0.object ?? "") \($0.action ?? "")" }.joined(separator: ", ")
                    throw UsageProblem(
                        "the role has no grant \(words.object) \(words.action)",
                        cure: "it has: \(has.isEmpty ? "none" : has)")
                }
            }
        }
    }
}

/// Changes a part of a role: read, edited and written with the version that was read, again when somebody else was faster.
struct RoleEdit {
    let options: RecordOptions
    /// The field that holds the part.
    let field: String

    private static let attemptsMax = 5

    func apply(to name: String, _ client: RecordClient, _ edit: (inout Role) throws -> Void) async throws {
        let id = try await client.id(of: name)
        let steward = client.connection
        var attempt = 1
        while true {
            guard var role = try await steward.roles.getRole(GetRoleRequest(id: id)).record else { return }
            try edit(&role)
            do {
                let stored = try await steward.roles.updateRole(
                    UpdateRoleRequest(record: role, updateMask: [field]), options: .write()
                ).record
                if let stored { try await options.show(one: stored.message(), steward) }
                return
            } catch Reason.versionConflict where attempt < Self.attemptsMax {
                attempt += 1
            }
        }
    }

    static func access(_ text: String) throws(UsageProblem) -> FieldAccess {
        let levels: [String: FieldAccess] = ["none": .none, "masked": .masked, "read": .read, "write": .write]
        guard let level = levels[text.lowercased()] else {
            throw UsageProblem("\(text) is no access", cure: "give none, masked, read or write")
        }
        return level
    }

    static func scope(_ text: String) throws(UsageProblem) -> GrantScope {
        let scopes: [String: GrantScope] = ["own": .own, "unit": .unit, "subtree": .subtree, "all": .all]
        guard let scope = scopes[text.lowercased()] else {
            throw UsageProblem("\(text) is no scope", cure: "give own, unit, subtree or all")
        }
        return scope
    }
}
