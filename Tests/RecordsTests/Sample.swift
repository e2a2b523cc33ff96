import AccessControl
import Contracts
import Tenancy
import TestService
import Wire

@testable import Records

/// Rights, filters and messages of the sample types.
enum Sample {
    /// Rights of a user whose role has these grants and field policies.
    static func access(
        grants: [AccessControl.Grant] = [AccessControl.Grant(object: "*", action: "*", scope: .all)],
        policies: [AccessControl.FieldPolicy] = []
    ) -> ObjectAccess {
        let role = RecordID.make()
        let user = UserID(RecordID.make())
        let snapshot = PolicySnapshot(
            tenantID: TenantID(RecordID.make()), epoch: 1, isActive: true,
            roles: [PolicyRole(id: role, displayName: "Test", grants: grants, fieldPolicies: policies)],
            units: [],
            users: [PolicyUser(id: user, unitID: nil, roleIDs: [role])])
        guard let access = snapshot.access(of: user) else {
            preconditionFailure("the user is in the snapshot")
        }
        return access.object("account")
    }

    static func rights(_ type: RecordType, _ policies: [(String, FieldLevel)] = []) -> FieldRights {
        FieldRights(
            type,
            access(
                policies: policies.map {
                    AccessControl.FieldPolicy(object: "account", field: $0.0, level: $0.1)
                }))
    }

    static func resolve(_ text: String, _ type: RecordType = SampleService.account) throws -> ResolvedFilter {
        try FilterResolver(type: type, rights: rights(type)).resolve(FilterParser.parse(text))
    }

    static func message(_ value: some WireMessage) -> Message { value.message(in: Arena()) }
}
