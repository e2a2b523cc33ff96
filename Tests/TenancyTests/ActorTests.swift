import Testing

@testable import Tenancy

@Suite struct ActorTests {
    private func caller(_ kind: Caller.Kind, _ tenant: TenantID?) -> Caller {
        Caller(
            kind: kind, tenantID: tenant, userID: UserID(.make()), sessionID: .make(), policyEpoch: 1,
            expireTime: .now(), workspace: "")
    }

    @Test func aCallerIsAUserOfOneTenantOrNobody() throws {
        let tenant = TenantID(.make())
        let user = caller(.user, tenant)
        let actor = try #require(TenantActor(user))
        #expect(actor.tenantID == tenant && actor.actor == .user(user.userID))
        #expect(TenantActor(caller(.operator, nil)) == nil)
        #expect(TenantActor(caller(.operator, tenant)) == nil)
        #expect(TenantActor(caller(.user, nil)) == nil)
    }

    @Test func aProgramHasTheRightsOfWhomItWorksFor() {
        let (tenant, user) = (TenantID(.make()), UserID(.make()))
        #expect(TenantActor(tenant, purpose: Purpose("test"), onBehalfOf: user).userID == user)
        #expect(TenantActor(tenant, purpose: Purpose("test"), onBehalfOf: nil).userID == nil)
    }
}
