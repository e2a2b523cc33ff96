import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import IdentityService

/// Proofs for programs that call others for a workspace itself.
@Suite struct ProgramTokenTests {
    private func ask(
        _ workspace: Workspace, as peer: Peer = .program(.customer), tenant: TenantID? = nil,
        purpose: String? = "mirror_records", audience: String? = "sales"
    ) async throws -> IssueProgramTokenResponse {
        try await ProgramServiceClient(channel: workspace.identity.channel(as: nil, from: peer)).issueProgramToken(
            IssueProgramTokenRequest(
                tenantID: (tenant ?? workspace.id).id.bytes, purpose: purpose, audience: audience))
    }

    private func caller(_ answer: IssueProgramTokenResponse, _ workspace: Workspace, _ audience: ServiceName) throws
        -> Caller
    {
        let key = try #require(workspace.identity.callerKeys[audience])
        return try CallerTokenVerifier(audience: audience, key: key).verify(
            CallerTokenBytes(encoded: try #require(answer.token).encoded()))
    }

    @Test func theProofIsForOneTenantPurposeAndAudience() async throws {
        try await inWorkspace { _, workspace in
            let answer = try await ask(workspace)
            let caller = try caller(answer, workspace, .sales)
            #expect(caller.kind == .service(Purpose("mirror_records")))
            #expect(caller.tenantID == workspace.id && caller.userID == .nobody && caller.sessionID == nil)
            #expect(caller.expireTime.microseconds == answer.expireMicros)
            #expect(caller.expireTime <= Timestamp.now().advanced(by: .seconds(60)))
            let elsewhere = try await refusal { try self.caller(answer, workspace, .customer) }
            #expect(elsewhere?.reason == "CALLER_INVALID")
        }
    }

    @Test func whoMayNotCallForItGetsNone() async throws {
        try await inWorkspace { _, workspace in
            for peer in [Peer.program(.gateway), .program(.identity), .program(.provisioner), .client(address: "a")] {
                let refused = try await refusal { try await ask(workspace, as: peer) }
                #expect(refused?.reason == "PURPOSE_NOT_ALLOWED", "\(peer)")
            }
            for purpose in ["hand_over", "run_jobs", "upgrade_roles", "set_up_workspace", "", nil] {
                let refused = try await refusal { try await ask(workspace, purpose: purpose) }
                #expect(refused?.reason == "PURPOSE_NOT_ALLOWED", "\(purpose ?? "nil")")
            }
            for audience in ["customer", "identity", "gateway", "provisioner", "nowhere", "", nil] {
                let refused = try await refusal { try await ask(workspace, audience: audience) }
                #expect(refused?.reason == "PURPOSE_NOT_ALLOWED", "\(audience ?? "nil")")
            }
        }
    }

    @Test func onlyForWorkspacesInUse() async throws {
        try await inWorkspace { identity, workspace in
            let unknown = try await refusal { try await ask(workspace, tenant: TenantID(.make())) }
            #expect(unknown?.reason == "TENANT_NOT_FOUND")
            let id = workspace.id.description
            _ = try await identity.operators.suspendTenant(SuspendTenantRequest(id: id, comment: "unpaid"))
            let suspended = try await refusal { try await ask(workspace) }
            #expect(suspended?.reason == "TENANT_NOT_FOUND")
            _ = try await identity.operators.activateTenant(ActivateTenantRequest(id: id))
            _ = try await ask(workspace)
            _ = try await identity.operators.deleteTenant(DeleteTenantRequest(id: id, workspace: workspace.name))
            let deleted = try await refusal { try await ask(workspace) }
            #expect(deleted?.reason == "TENANT_NOT_FOUND")
        }
    }
}
