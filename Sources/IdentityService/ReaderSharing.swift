import AccessControl
import RPC
import Records
import Tenancy
import Wire

/// Whom a view or a tag may be shared with: one's own department, and whom the right to update such records covers.
struct ReaderSharing {
    let change: RecordChange
    let transaction: RecordTransaction
    let roles: RecordType

    /// The fields that say who reads a record beside those whose scopes cover it.
    static let rule = ReaderRule(
        everybody: "shared_with_all", departments: "shared_department_ids", roles: "shared_role_ids")
    /// Departments, and roles, that it is shared with.
    static let countMax = 100

    /// What is taken away, or stays, may be shared by whoever did it.
    func check() async throws {
        guard change.kind != .delete else { return }
        let access = change.call.access
        let mayShareAll = access.scope(.update) == .all
        if change.after.flag(Self.rule.everybody) == true, change.before?.flag(Self.rule.everybody) != true,
            !mayShareAll
        {
            throw IdentityError.sharingNotAllowed(change.type.object, Self.rule.everybody, "everybody")
        }
        let newRoles = added(Self.rule.roles)
        if !newRoles.isEmpty {
            guard mayShareAll else {
                throw IdentityError.sharingNotAllowed(change.type.object, Self.rule.roles, "a role")
            }
            let living = try await transaction.living(roles, newRoles)
            if !newRoles.allSatisfy(living.contains) {
                throw RPCError.invalidArgument(
                    "REFERENCE_NOT_FOUND", "There is no such role.", field: Self.rule.roles,
                    domain: IdentityError.domain)
            }
        }
        let own = change.actor.userID.flatMap { change.call.policy.unit(of: $0) }
        let reached = Set(access.units(of: .update) + [own].compactMap(\.self))
        if !mayShareAll, !added(Self.rule.departments).allSatisfy(reached.contains) {
            throw IdentityError.sharingNotAllowed(change.type.object, Self.rule.departments, "that department")
        }
    }

    private func added(_ field: String) -> [RecordID] {
        let known = Set(change.before.map { Self.ids($0, field) } ?? [])
        return Self.ids(change.after, field).filter { !known.contains($0) }
    }

    private static func ids(_ record: Message, _ field: String) -> [RecordID] {
        record.descriptor.field(field).map { record.strings($0).compactMap { RecordID($0) } } ?? []
    }
}
