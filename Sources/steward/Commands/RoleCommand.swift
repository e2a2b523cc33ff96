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
                  steward role set-field 'Sales rep' deal.amount write
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(help: "Kind of records and field, as in deal.amount.") var field: String
        @Argument(help: "none, masked, read or write.") var access: String

        func run() async throws {
            let (object, name) = try RoleEdit.field(field)
            let level = try RoleEdit.access(access)
            try await RoleEdit(options: options, field: "field_policies").apply(to: role) { role in
                role.fieldPolicies.removeAll { $0.object == object && $0.field == name }
                if level != .write {
                    role.fieldPolicies.append(FieldPolicy(object: object, field: name, access: level))
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

                Examples:
                  steward role grant 'Sales rep' deal delete own
                  steward role grant 'Sales manager' deal export subtree
                  steward role grant 'Office' settings update all
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(help: "Kind of records, as in deal; * for all.") var object: String
        @Argument(help: "read, create, update, delete, export; * for all, and those to come.") var action: String
        @Argument(help: "own, unit, subtree or all.") var scope: String

        func run() async throws {
            let (object, scope) = (RoleEdit.object(object), try RoleEdit.scope(scope))
            try await RoleEdit(options: options, field: "grants").apply(to: role) { role in
                role.grants.removeAll { $0.object == object && $0.action == action }
                role.grants.append(Grant(object: object, action: action, scope: scope))
            }
        }
    }

    struct RevokeRight: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Takes a right from a role, and leaves all others.",
            discussion: """
                Example:
                  steward role revoke 'Sales rep' deal delete
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "Id or name of the role.") var role: String
        @Argument(help: "Kind of records, as in deal.") var object: String
        @Argument(help: "read, create, update, delete, export, or what else the role has.") var action: String

        func run() async throws {
            let object = RoleEdit.object(object)
            try await RoleEdit(options: options, field: "grants").apply(to: role) { role in
                let before = role.grants.count
                role.grants.removeAll { $0.object == object && $0.action == action }
                guard role.grants.count < before else {
                    let has = role.grants.map { "\($0.object ?? "") \($0.action ?? "")" }.joined(separator: ", ")
                    throw UsageProblem(
                        "the role has no grant \(object) \(action)", cure: "it has: \(has.isEmpty ? "none" : has)")
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

    func apply(to name: String, _ edit: (inout Role) throws -> Void) async throws {
        let client = try await options.client(Role.noun)
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

    /// Objects are named with underscores, nouns of the command line with hyphens.
    static func object(_ name: String) -> String { name.replacing("-", with: "_") }

    /// deal.amount as its two parts. Of nouns that this command line knows, a field that there is not is found at once.
    static func field(_ text: String) throws(UsageProblem) -> (object: String, field: String) {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw UsageProblem("\(text) names no field", cure: "write it as deal.amount")
        }
        let object = object(parts[0])
        guard let noun = RecordNouns.named(parts[0].replacing("_", with: "-")) else {
            let near = NearNames.of(parts[0], among: RecordNouns.all.map(\.name))
            throw UsageProblem(
                "there are no records called \(parts[0])", cure: NearNames.cure(near, else: "write it as deal.amount"))
        }
        guard noun.record.field(parts[1]) != nil else {
            throw MessageFill.unknown(parts[1], in: noun.record, path: "")
        }
        return (object, parts[1])
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
