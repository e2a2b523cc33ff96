import Contracts
import Postgres
import RPC
import Tenancy
import Testing

@testable import IdentityService

/// A service that is added to an installation finds the tenants that are there already.
@Suite(.serialized) struct NewServiceTests {
    private func placements(of workspace: Workspace) async throws -> [String] {
        try await workspace.identity.tamper(
            "SELECT service FROM directory.placements WHERE tenant_id = '\(workspace.id)' ORDER BY service")
    }

    /// As if sales had come after the workspace.
    private func forgetSales(_ workspace: Workspace) async throws {
        try await workspace.identity.tamper(
            "DELETE FROM directory.placements WHERE tenant_id = '\(workspace.id)' AND service = 'sales'")
    }

    @Test func aTenantGetsWhatCameAfterIt() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let workspace = try await identity.openWorkspace()
            try await forgetSales(workspace)
            let epoch = try await workspace.epoch()
            try await identity.identity.sweeper.sweepPlacements()
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
            // So that the service learns where the tenant's data is.
            #expect(try await workspace.epoch() == epoch + 1)
            #expect(try await workspace.policy().placements.contains { $0.service == "sales" })
            try await identity.identity.sweeper.sweepPlacements()
            #expect(try await workspace.epoch() == epoch + 1)
        }
    }

    @Test func withoutAProvisionerThatKnowsTheServiceNothingChanges() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let workspace = try await identity.openWorkspace()
            try await forgetSales(workspace)
            identity.provisioner.know(["customer"])
            #expect(try await reason(identity.identity.sweeper.sweepPlacements) == "SERVICE_UNAVAILABLE")
            #expect(try await placements(of: workspace) == ["customer", "identity"])
            identity.provisioner.know(["customer", "sales"])
            try await identity.identity.sweeper.sweepPlacements()
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
        }
    }

    @Test func aDeletedTenantGetsNothing() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let workspace = try await identity.openWorkspace()
            let tenants = TenantServiceClient(channel: identity.channel(as: identity.operatorCaller))
            _ = try await tenants.deleteTenant(DeleteTenantRequest(id: "\(workspace.id)", workspace: workspace.name))
            try await forgetSales(workspace)
            try await identity.identity.sweeper.sweepPlacements()
            #expect(try await placements(of: workspace) == ["customer", "identity"])
        }
    }

    /// A newer program has made a schema of a service that this version does not know.
    @Test func aServiceThatIsNotKnownHereDoesNoHarm() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            identity.provisioner.know(["customer", "sales", "notes"])
            let workspace = try await identity.openWorkspace()
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
            try await identity.tamper(
                "INSERT INTO directory.placements VALUES ('\(workspace.id)', 'notes', 'default', 0, 1, 1)")
            _ = try await identity.resolve(identity.signIn(workspace.name))
            #expect(!(try await workspace.policy().placements.contains { $0.service == "notes" }))
        }
    }
}
