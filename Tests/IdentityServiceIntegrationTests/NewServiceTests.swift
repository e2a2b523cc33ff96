import Contracts
import IdentityContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// A service that is added to an installation finds the tenants that are there already.
@Suite(.serialized) struct NewServiceTests {
    private func placements(of workspace: Workspace) async throws -> [String] {
        try await workspace.identity.tamper(
            "SELECT service FROM directory.placements WHERE tenant_id = '\(workspace.id)' ORDER BY service")
    }

    /// As if sales had come after the workspace.
    private func forgetSales(_ workspace: Workspace) async throws { try await forget("sales", workspace) }

    private func forget(_ service: String, _ workspace: Workspace) async throws {
        try await workspace.identity.tamper(
            "DELETE FROM directory.placements WHERE tenant_id = '\(workspace.id)' AND service = '\(service)'")
    }

    /// A whole pass.
    private func sweep(_ identity: TestIdentity) async {
        var pass = TenantSweeper.PlacementPass()
        while !pass.isOver { await identity.identity.sweeper.sweepPlacements(&pass) }
    }

    @Test func aTenantGetsWhatCameAfterIt() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            try await forgetSales(workspace)
            let epoch = try await workspace.epoch()
            await sweep(identity)
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
            // So that the service learns where the tenant's data is.
            #expect(try await workspace.epoch() == epoch + 1)
            #expect(try await workspace.policy().placements.contains { $0.service == "sales" })
            await sweep(identity)
            #expect(try await workspace.epoch() == epoch + 1)
        }
    }

    @Test func withoutAProvisionerThatKnowsTheServiceNothingChanges() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            try await forgetSales(workspace)
            identity.provisioner.know(["customer"])
            await sweep(identity)
            #expect(try await placements(of: workspace) == ["customer", "identity"])
            identity.provisioner.know(["customer", "sales"])
            await sweep(identity)
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
        }
    }

    @Test func aServiceThatTheProvisionerDoesNotKnowStopsNoOther() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            for service in ["customer", "sales"] { try await forget(service, workspace) }
            identity.provisioner.know(["sales"])
            await sweep(identity)
            #expect(try await placements(of: workspace) == ["identity", "sales"])
        }
    }

    /// Set-ups and revocations wait while schemas are made: each turn has its time, and the next one goes on from there.
    @Test func aTurnHasItsTime() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            try await forgetSales(workspace)
            var pass = TenantSweeper.PlacementPass()
            await identity.identity.sweeper.sweepPlacements(&pass, for: .zero)
            #expect(!pass.isOver)
            #expect(try await placements(of: workspace) == ["customer", "identity"])
            while !pass.isOver { await identity.identity.sweeper.sweepPlacements(&pass) }
            #expect(try await placements(of: workspace) == ["customer", "identity", "sales"])
        }
    }

    @Test func aDeletedTenantGetsNothing() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let tenants = identity.operators
            _ = try await tenants.deleteTenant(DeleteTenantRequest(id: "\(workspace.id)", workspace: workspace.name))
            try await forgetSales(workspace)
            await sweep(identity)
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
