import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService
@testable import ProductRoles

/// Rights on record types that came after a workspace: here activities.
@Suite(.serialized) struct RoleUpgradeTests {
    /// Makes the workspace one from the time when there were no activities.
    private func age(_ workspace: Workspace) async throws {
        try await workspace.identity.tamper(
            """
            UPDATE \(workspace.schema).roles SET grants = (
                SELECT jsonb_agg(g) FROM jsonb_array_elements(grants) AS g WHERE g ->> 'object' <> 'activity')
            """)
        try await forget(workspace)
    }

    private func forget(_ workspace: Workspace) async throws {
        try await workspace.identity.tamper(
            """
            UPDATE directory.tenants SET known_objects = array_remove(known_objects, 'activity')
            WHERE id = '\(workspace.id)'
            """)
    }

    private func known(_ workspace: Workspace) async throws -> String {
        try await workspace.identity.tamper(
            "SELECT array_to_string(known_objects, ' ') FROM directory.tenants WHERE id = '\(workspace.id)'")[0]
    }

    private func knownActions(_ workspace: Workspace) async throws -> String {
        try await workspace.identity.tamper(
            "SELECT array_to_string(known_actions, ' ') FROM directory.tenants WHERE id = '\(workspace.id)'")[0]
    }

    private func marks(_ workspace: Workspace) async throws -> Int {
        try await workspace.identity.count(
            "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'")
    }

    /// Until what was changed is published as well: the sweep of another test may be at that while this one finds nothing to do.
    private func sweep(_ workspace: Workspace) async throws {
        let sweeper = workspace.identity.identity.sweeper
        try await workspace.identity.sweep {
            var upgrades = TenantSweeper.Upgrades()
            while !upgrades.isOver { try await sweeper.sweepRoles(&upgrades) }
        } until: {
            let (types, actions) = (try await known(workspace), try await knownActions(workspace))
            let isKnown = types.contains("activity") && actions.contains("export")
            return try await marks(workspace) == 0 && isKnown
        }
    }

    private func grants(_ workspace: Workspace) async throws -> [String: Set<Grant>] {
        Dictionary(
            try await workspace.policy().roles.map { ($0.displayName ?? "", Set($0.grants)) },
            uniquingKeysWith: { first, _ in first })
    }

    @Test func rolesThatAreAsTheyCameReceiveThem() async throws {
        try await inWorkspace { _, workspace in
            #expect(try await known(workspace) == RoleCatalogue.product.objects.joined(separator: " "))
            let asNew = try await grants(workspace)
            try await age(workspace)
            let own = [Grant(object: "account", action: "read", scope: .own)]
            try await workspace.update(Role(id: try await workspace.roleID("Reader"), grants: own), ["grants"])
            try await workspace.update(
                Role(id: try await workspace.roleID("Service desk"), displayName: "Desk"), ["display_name"])
            let desk = try await grants(workspace)["Desk"]
            #expect(desk?.contains { $0.object == "activity" } == false)
            let epoch = try await workspace.epoch()

            try await sweep(workspace)
            let after = try await grants(workspace)
            for name in ["Admin", "Sales manager", "Sales rep"] { #expect(after[name] == asNew[name], "\(name)") }
            #expect(after["Reader"] == Set(own))
            #expect(after["Desk"] == desk)
            #expect(try await workspace.epoch() == epoch + 1)
            let rep = try await workspace.get(Role.self, workspace.roleID("Sales rep"))
            #expect(rep.version == 2)
            #expect(try await ledgerRows(workspace) == 2)
        }
    }

    private func ledgerRows(_ workspace: Workspace) async throws -> Int {
        let holds = "-> 'grants' @> '[{\"object\": \"activity\"}]'"
        return try await workspace.identity.count(
            """
            SELECT count(*) FROM \(workspace.schema).ledger l JOIN \(workspace.schema).roles r ON r.id = l.record_id
            WHERE actor_id IS NULL AND on_behalf_of_id IS NULL AND purpose = 'upgrade_roles' AND method LIKE '%RoleService/UpdateRole' AND record_version = r.version
                AND NOT before \(holds) AND after \(holds) AND after -> 'grants' = r.grants
            """)
    }

    /// A workspace from the time before the bulk actions.
    @Test func rolesReceiveActionsThatCameLater() async throws {
        try await inWorkspace { identity, workspace in
            let asNew = try await grants(workspace)
            #expect(asNew["Sales manager"]?.contains { $0.action == "mass_update" } == true)
            #expect(asNew["Sales rep"]?.contains { $0.action == "mass_update" } == false)
            try await identity.tamper(
                """
                UPDATE \(workspace.schema).roles SET grants = (
                    SELECT jsonb_agg(g) FROM jsonb_array_elements(grants) AS g
                    WHERE g ->> 'action' IN ('read', 'create', 'update', 'delete', '*'))
                """)
            try await identity.tamper(
                """
                UPDATE directory.tenants SET known_actions = DEFAULT
                WHERE id = '\(workspace.id)'
                """)
            #expect(try await grants(workspace)["Sales manager"] != asNew["Sales manager"])
            try await sweep(workspace)
            #expect(try await grants(workspace) == asNew)
            let actions = try await knownActions(workspace)
            #expect(actions == RoleCatalogue.actions.sorted().joined(separator: " "))
        }
    }

    @Test func theSecondTimeNothingChanges() async throws {
        try await inWorkspace { _, workspace in
            try await age(workspace)
            try await sweep(workspace)
            let (after, epoch) = (try await grants(workspace), try await workspace.epoch())
            // As after a crash before the directory knew.
            try await forget(workspace)
            try await sweep(workspace)
            #expect(try await grants(workspace) == after)
            #expect(try await workspace.epoch() == epoch)
        }
    }

    @Test func aSuspendedWorkspaceReceivesThemToo() async throws {
        try await inWorkspace { identity, workspace in
            let asNew = try await grants(workspace)
            try await age(workspace)
            try await identity.tamper("UPDATE directory.tenants SET state = 3 WHERE id = '\(workspace.id)'")
            try await sweep(workspace)
            try await identity.tamper("UPDATE directory.tenants SET state = 2 WHERE id = '\(workspace.id)'")
            #expect(try await grants(workspace)["Sales rep"] == asNew["Sales rep"])
        }
    }
}
