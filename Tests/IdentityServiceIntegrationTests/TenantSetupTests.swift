import IdentityContracts
import Migrations
import Postgres
import RPC
import Synchronization
import Tenancy
import TestService
import Testing

@testable import IdentityService

struct TenantSetupTests {
    @Test func aTenantIsReadyForItsAdmin() async throws {
        try await inWorkspace { identity, workspace in
            #expect(identity.provisioner.prepared(workspace.id))
            let caller = try await identity.resolve(identity.signIn(workspace.name))
            #expect(caller.tenantID == workspace.id)
            let own = try await identity.authentication(as: caller).getSelf(
                GetSelfRequest())
            #expect(own.roleNames == ["Admin"])
            #expect(own.workspace == workspace.name)
            #expect(own.grants.contains { $0.object == "deal" && $0.action == "delete" && $0.scope == "all" })
            // What the workspace defines is told as the rest is.
            try await workspace.create(
                ObjectDefinition(name: "project", displayName: "P", pluralDisplayName: "P"))
            let more = try await identity.authentication(as: caller).getSelf(GetSelfRequest())
            #expect(
                more.grants.contains { $0.object == "custom.project" && $0.action == "delete" && $0.scope == "all" })
            let roles = try await workspace.list(Role.self)
            #expect(Set(roles.compactMap(\.displayName)) == Set(BuiltInRole.all.map(\.name)))
        }
    }

    @Test func theFirstRecordsAreInTheLedger() async throws {
        try await inWorkspace { identity, workspace in
            let rows = try await identity.identity.sweeper.tenantData.read(
                workspace.id, Query(TenantSetupTests.ledger), purpose: Purpose("test"), deadline: .after(.seconds(20)))
            let objects = try rows[0].map { try $0.string(0) }
            #expect(objects == ["department"] + BuiltInRole.all.map { _ in "role" } + ["user"])
            #expect(try rows[0].allSatisfy { try $0.bool(1) })
            let email = try rows[0].map { try $0.optionalString(2) }.last
            #expect(email == "admin@example.com")
        }
    }

    /// What the migration writes for workspaces whose first records are not in the ledger is what a new workspace's ledger has, though
    /// the records were changed since.
    @Test func firstRecordsOfBeforeGetTheSameRows() async throws {
        try await inWorkspace { identity, workspace in
            let ledger = "\(workspace.schema).ledger"
            let creations = """
                SELECT object || ' ' || record_id || ' ' || method || ' ' || occurred_at || ' ' || (actor_id IS NULL) || ' '
                    || after FROM \(ledger) WHERE record_version = 1 ORDER BY object, record_id
                """
            let before = try await identity.tamper(creations)
            let role = try await workspace.roleID("Reader")
            for text in ["one", "two"] {
                try await workspace.update(
                    Role(id: role, displayName: text, description: text, grants: []),
                    ["display_name", "description", "grants"])
            }
            try await workspace.update(User(id: workspace.adminID.description, jobTitle: "Boss"), ["job_title"])
            try await identity.tamper("DELETE FROM \(ledger) WHERE record_version = 1")
            let migration = try #require(IdentityMigrations.tenantStream.migrations.first { $0.number == 6 })
            for _ in 0..<2 {
                try await identity.tamper(
                    migration.sql.replacing("{schema}", with: workspace.schema).replacing(";", with: ""))
            }
            #expect(try await identity.tamper(creations) == before)
        }
    }

    private static let ledger = Statement(
        """
        SELECT object, record_version = 1 AND record_id::text = after ->> 'id' AND actor_id IS NULL
            AND purpose = 'set_up_workspace', after ->> 'email'
        FROM {schema}.ledger ORDER BY id
        """)

    @Test func aRepeatedRequestGivesTheSameTenant() async throws {
        try await onLoop { identity in
            let wish = TestIdentity.wish("w-\(RecordID.make().text.suffix(12))")
            let client = TenantServiceClient(
                channel: identity.channel(as: identity.operatorCaller, requestID: "one"))
            let first = try await client.createTenant(wish)
            let second = try await client.createTenant(wish)
            #expect(first == second)
            var other = wish
            other.displayName = "Other"
            #expect(try await reason { try await client.createTenant(other) } == "REQUEST_ID_REUSED")
            let stranger = TenantServiceClient(
                channel: identity.channel(as: identity.operatorCaller, requestID: "two"))
            #expect(try await reason { try await stranger.createTenant(wish) } == "WORKSPACE_TAKEN")
        }
    }

    @Test func aCutOffSetUpIsFinishedBySweeper() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let wish = TestIdentity.wish("w-\(RecordID.make().text.suffix(12))")
            let client = TenantServiceClient(
                channel: identity.channel(as: identity.operatorCaller, requestID: "one"))
            identity.provisioner.fail(true)
            #expect(try await reason { try await client.createTenant(wish) } == "TENANT_SETUP_DELAYED")
            identity.provisioner.fail(false)
            let get = GetTenantRequest(workspace: wish.workspace)
            #expect(try await client.getTenant(get).tenant?.state == .provisioning)
            #expect(try await reason { try await identity.signIn(wish.workspace ?? "") } == "SIGN_IN_FAILED")
            try await identity.tamper(
                """
                UPDATE directory.tenant_setups SET leased_until = '2000-01-01'
                WHERE tenant_id = (SELECT id FROM directory.tenants WHERE workspace = '\(wish.workspace ?? "")')
                """)
            try await identity.sweep(identity.identity.sweeper.sweepSetups) {
                try await client.getTenant(get).tenant?.state == .active
            }
            #expect(try await client.getTenant(get).tenant?.state == .active)
            _ = try await identity.signIn(wish.workspace ?? "")
            #expect(try await client.createTenant(wish).tenant?.state == .active)
        }
    }

    @Test func aSetUpThatCannotBeFinishedIsUndone() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let wish = TestIdentity.wish("w-\(RecordID.make().text.suffix(12))")
            let client = identity.operators
            identity.provisioner.fail(true)
            _ = try await reason { try await client.createTenant(wish) }
            identity.provisioner.fail(false)
            try await identity.tamper(
                """
                UPDATE directory.tenant_setups SET leased_until = '2000-01-01', started_at = '2000-01-01'
                WHERE tenant_id = (SELECT id FROM directory.tenants WHERE workspace = '\(wish.workspace ?? "")')
                """)
            func getTenant() async throws -> String? {
                try await reason { try await client.getTenant(GetTenantRequest(workspace: wish.workspace)) }
            }
            try await identity.sweep(identity.identity.sweeper.sweepSetups) { try await getTenant() != nil }
            #expect(try await getTenant() == "TENANT_NOT_FOUND")
            _ = try await client.createTenant(wish)
        }
    }

    /// Whoever undoes a set-up has it until the end: no other instance goes on with it meanwhile.
    @Test func aSetUpIsUndoneUnderItsLease() async throws {
        try await onLoop(ofItsOwn: true) { identity in
            let wish = TestIdentity.wish("w-\(RecordID.make().text.suffix(12))")
            let client = identity.operators
            identity.provisioner.fail(true)
            _ = try await reason { try await client.createTenant(wish) }
            identity.provisioner.fail(false)
            let own = "WHERE tenant_id = (SELECT id FROM directory.tenants WHERE workspace = '\(wish.workspace ?? "")')"
            let renewed = Mutex(false)
            identity.provisioner.beforeDrop {
                let lease = "SELECT leased_until::text FROM directory.tenant_setups \(own)"
                let first = try await identity.tamper(lease)
                let end = Deadline.after(.seconds(10))
                while !end.isPast, try await identity.tamper(lease) == first {}
                renewed.withLock { $0 = !end.isPast }
            }
            try await identity.tamper(
                "UPDATE directory.tenant_setups SET leased_until = '2000-01-01', started_at = '2000-01-01' \(own)")
            func getTenant() async throws -> String? {
                try await reason { try await client.getTenant(GetTenantRequest(workspace: wish.workspace)) }
            }
            try await identity.sweep(identity.identity.sweeper.sweepSetups) { try await getTenant() != nil }
            #expect(renewed.withLock { $0 })
        }
    }

    @Test func onlyOperatorsOpenWorkspaces() async throws {
        try await inWorkspace { identity, workspace in
            let client = TenantServiceClient(channel: identity.channel(as: workspace.admin))
            let opening = try await reason { try await client.createTenant(TestIdentity.wish("w-other")) }
            let looking = try await reason { try await client.listTenants(ListTenantsRequest()) }
            #expect(opening == "OPERATOR_REQUIRED")
            #expect(looking == "OPERATOR_REQUIRED")
        }
    }

    @Test func badWishesNameEveryField() async throws {
        try await onLoop { identity in
            let client = identity.operators
            do {
                _ = try await client.createTenant(
                    CreateTenantRequest(workspace: "No!", adminPassword: "short"))
                Issue.record("a bad request was taken")
            } catch let error as RPCError {
                #expect(
                    error.fieldViolations.map(\.field) == [
                        "workspace", "display_name", "admin_email", "admin_display_name", "admin_password",
                    ])
            }
        }
    }
}
