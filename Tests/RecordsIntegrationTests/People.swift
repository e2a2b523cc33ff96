import AccessControl
import Tenancy

/// The people of the tenant: an admin who may do everything, a rep of the north who sees the north and changes his own,
/// a masked reader, and nobody's.
struct People: Sendable {
    let admin = UserID(.make())
    let rep = UserID(.make())
    let colleague = UserID(.make())
    let reader = UserID(.make())
    let nobody = UserID(.make())
    let north = RecordID.make()
    let south = RecordID.make()

    func snapshot(of tenant: TenantID, isActive: Bool = true) -> PolicySnapshot {
        let all = role([("*", "*", .all)])
        let sells = role([
            ("account", "read", .unit), ("account", "create", .own), ("account", "update", .own),
            ("account", "delete", .own), ("activity", "*", .all),
        ])
        let reads = role(
            [("account", "read", .all), ("account", "update", .all), ("account", "create", .all)],
            [("phone", .masked), ("email", .none), ("city", .read)])
        let none = role([])
        return PolicySnapshot(
            tenantID: tenant, epoch: 1, isActive: isActive, roles: [all, sells, reads, none],
            units: [PolicyUnit(id: north, parentID: nil), PolicyUnit(id: south, parentID: nil)],
            users: [
                PolicyUser(id: admin, unitID: south, roleIDs: [all.id]),
                PolicyUser(id: rep, unitID: north, roleIDs: [sells.id]),
                PolicyUser(id: colleague, unitID: north, roleIDs: [sells.id]),
                PolicyUser(id: reader, unitID: nil, roleIDs: [reads.id]),
                PolicyUser(id: nobody, unitID: nil, roleIDs: [none.id]),
            ])
    }

    private func role(
        _ grants: [(String, String, Scope)], _ policies: [(String, FieldLevel)] = []
    ) -> PolicyRole {
        PolicyRole(
            id: .make(), displayName: "Test",
            grants: grants.map { Grant(object: $0.0, action: $0.1, scope: $0.2) },
            fieldPolicies: policies.map { FieldPolicy(object: "account", field: $0.0, level: $0.1) })
    }
}
