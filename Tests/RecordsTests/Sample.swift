import AccessControl
import Contracts
import CustomerContracts
import Logging
import RPC
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
    ) -> ObjectAccess { user(grants, policies).access.object("account") }

    private static func user(
        _ grants: [AccessControl.Grant], _ policies: [AccessControl.FieldPolicy]
    ) -> (policy: PolicySnapshot, access: UserAccess) {
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
        return (snapshot, access)
    }

    /// Of somebody who may do everything.
    static func call(_ type: RecordType) -> RecordCall {
        let (policy, access) = user([AccessControl.Grant(object: "*", action: "*", scope: .all)], [])
        let context = CallContext(
            method: AccountServiceMethods.listAccounts, deadline: .never, trace: .make(),
            connection: ConnectionContext(peer: .client(address: "test"), logger: Logger(label: "test")),
            arena: Arena(), startNanoseconds: 0)
        return RecordCall(
            context: context, actor: TenantActor(policy.tenantID, purpose: Purpose("test"), onBehalfOf: nil),
            type: type,
            user: access, policy: policy, now: .now(), types: RecordTypes([type]))
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
