import Contracts
import IdentityContracts
import Migrations
import RPC
import TestService
import Testing

@testable import IdentityService
@testable import ProductRoles

/// Roles from the time when there were the actions export and import of before, which meant something else.
struct RetiredActionTests {
    private static let retired = """
        [{"object": "deal", "action": "export", "scope": 4}, {"object": "account", "action": "import", "scope": 1}]
        """

    @Test func rolesThatHeldThemLoseNothingElse() async throws {
        try await inWorkspace { identity, workspace in
            let id = try await workspace.roleID("Sales rep")
            let only = try await workspace.create(
                Role(
                    displayName: "Only these", grants: [Grant(object: "deal", action: "read", scope: .all)]))
            let onlyID = try #require(only.id)
            try await identity.tamper(
                """
                UPDATE \(workspace.schema).roles SET grants = '\(RetiredActionTests.retired)'::jsonb
                    || CASE WHEN id = '\(id)' THEN grants ELSE '[]'::jsonb END WHERE id IN ('\(id)', '\(onlyID)')
                """)
            let unknown = Role(grants: [Grant(object: "deal", action: "publish", scope: .all)])
            #expect(RoleRules.violations(of: unknown, .product).count == 1)
            try await identity.tamper(try cleaning(workspace))
            let after = try await workspace.get(Role.self, id)
            #expect(Set(after.grants) == Set(BuiltInRole.salesRep.grants))
            #expect(try await workspace.get(Role.self, onlyID).grants == [])
            for id in [id, onlyID] {
                try await workspace.update(Role(id: id, description: "kept"), ["description"])
            }
        }
    }

    /// The statement of the migration that takes them out.
    private func cleaning(_ workspace: Workspace) throws -> String {
        let migration = try #require(IdentityMigrations.tenantStream.migrations.first { $0.number == 5 })
        let start = try #require(migration.sql.firstRange(of: "UPDATE {schema}.roles"))
        return String(migration.sql[start.lowerBound...]).replacing("{schema}", with: workspace.schema)
            .replacing(";", with: "")
    }
}
