import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import IdentityService

/// The rules of roles and users, for what programs write.
@Suite struct ProgramTests {
    /// Gives a role a grant, as a program.
    private func grant(
        _ grant: Contracts.Grant, to role: String, _ purpose: Purpose, for user: UserID?, _ workspace: Workspace
    ) async throws -> RPCError? {
        let engine = workspace.identity.identity.engine
        let type = try #require(engine.type("role"))
        let id = try await workspace.roleID(role)
        return try await refusal {
            try await engine.transaction(
                as: TenantActor(workspace.id, purpose: purpose, onBehalfOf: user), doing: RoleServiceMethods.updateRole,
                deadline: .after(.seconds(20)), logger: workspace.identity.postgres.logger
            ) { transaction in
                let role = try await transaction.load(type, id: id, for: .update)
                var value = role.value(Role.self)
                value.grants.append(grant)
                try await transaction.update(role, to: value, by: .program)
            }
        }
    }

    private static let deals = Contracts.Grant(object: "deal", action: "read", scope: .all)

    @Test func aProgramGivesNoRightsThatItLacks() async throws {
        try await inWorkspace { _, workspace in
            let other = Purpose("other", needs: "role.read", "role.update")
            let rep = try await workspace.addUser("rep", roles: ["Sales rep"])
            let (desk, epoch) = ("Service desk", try await workspace.epoch())
            #expect(try await grant(Self.deals, to: desk, other, for: nil, workspace)?.reason == "RIGHTS_EXCEEDED")
            #expect(try await grant(Self.deals, to: desk, other, for: rep, workspace)?.reason == "PERMISSION_MISSING")
            let upgrade = Purpose.upgradeRoles
            #expect(try await grant(Self.deals, to: desk, upgrade, for: rep, workspace)?.reason == "PERMISSION_MISSING")
            #expect(try await workspace.epoch() == epoch)
            #expect(try await grant(Self.deals, to: desk, upgrade, for: nil, workspace) == nil)
            #expect(try await workspace.epoch() == epoch + 1)
        }
    }

    @Test func aProgramKeepsTheRulesOfRoles() async throws {
        try await inWorkspace { _, workspace in
            let upgrade = Purpose.upgradeRoles
            let unknown = Contracts.Grant(object: "dael", action: "read", scope: .all)
            let refused = try await grant(unknown, to: "Reader", upgrade, for: nil, workspace)
            #expect(refused?.fieldViolations.map(\.reason) == ["GRANT_INVALID"])
            #expect(
                try await grant(Self.deals, to: "Admin", upgrade, for: nil, workspace)?.reason == "ADMIN_ROLE_FIXED")
        }
    }

    @Test func aProgramDoesNothingForAUserWhoIsDisabled() async throws {
        try await inWorkspace { _, workspace in
            let other = Purpose("other")
            let second = try await workspace.addUser("second", roles: ["Admin"])
            #expect(try await grant(Self.deals, to: "Service desk", other, for: second, workspace) == nil)
            try await workspace.update(User(id: second.description, disabled: true), ["disabled"])
            let refused = try await grant(Self.deals, to: "Sales rep", other, for: second, workspace)
            #expect(refused?.code == .permissionDenied && refused?.reason == "USER_UNKNOWN")
        }
    }
}
