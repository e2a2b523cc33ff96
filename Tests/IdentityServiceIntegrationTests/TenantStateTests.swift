import Contracts
import IdentityContracts
import Migrations
import RPC
import Reactor
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import IdentityService

struct TenantStateTests {
    @Test func suspendingStopsEverythingAndActivatingBringsItBack() async throws {
        try await inWorkspace { identity, workspace in
            let operators = identity.operators
            let session = try await identity.signIn(workspace.name)
            let id = workspace.id.description
            let suspended = try await operators.suspendTenant(SuspendTenantRequest(id: id, comment: "unpaid"))
            #expect(suspended.tenant?.state == .suspended)
            #expect(try await operators.suspendTenant(SuspendTenantRequest(id: id)).tenant == suspended.tenant)
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            #expect(try await reason { try await identity.signIn(workspace.name) } == "SIGN_IN_FAILED")
            #expect(try await workspace.policy().active == false)
            #expect(try await reason { try await workspace.users().listUsers(ListUsersRequest()) } == "USER_UNKNOWN")
            _ = try await operators.activateTenant(ActivateTenantRequest(id: id))
            _ = try await identity.resolve(identity.signIn(workspace.name))
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
        }
    }

    @Test func deletingNeedsTheNameAndCanBeTakenBack() async throws {
        try await inWorkspace { identity, workspace in
            let operators = identity.operators
            let id = workspace.id.description
            #expect(
                try await reason {
                    try await operators.deleteTenant(DeleteTenantRequest(id: id, workspace: "other"))
                } == "WORKSPACE_MISMATCH")
            let deleted = try await operators.deleteTenant(
                DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            #expect(deleted.tenant?.state == .deleting)
            #expect(deleted.tenant?.purgeTime != nil)
            try await identity.identity.sweeper.sweepDeletions()
            #expect(try await operators.activateTenant(ActivateTenantRequest(id: id)).tenant?.state == .active)
        }
    }

    @Test func dataIsDroppedWhenTheGraceIsOver() async throws {
        try await inWorkspace { identity, workspace in
            let operators = identity.operators
            let id = workspace.id.description
            _ = try await operators.deleteTenant(
                DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            try await identity.endGrace(of: workspace)
            // The sweep of another test may have dropped it already.
            let refusal = try await reason { try await operators.activateTenant(ActivateTenantRequest(id: id)) }
            #expect(["TENANT_STATE", "TENANT_NOT_FOUND"].contains(refusal))
            func getTenant() async throws -> String? {
                try await reason { try await operators.getTenant(GetTenantRequest(id: id)) }
            }
            try await identity.sweep(identity.identity.sweeper.sweepDeletions) { try await getTenant() != nil }
            #expect(try await getTenant() == "TENANT_NOT_FOUND")
            #expect(identity.provisioner.dropped(workspace.id))
            #expect(try await reason { try await workspace.policy() } == "TENANT_NOT_FOUND")
        }
    }

    /// Whoever asks, even identity: what is in use stays, with its schemas.
    @Test func theProvisionerDropsNoTenantInUse() async throws {
        try await inWorkspace { identity, workspace in
            let operators = identity.operators
            let provisioner = ProvisioningServiceClient(channel: identity.provisioner)
            let id = workspace.id.description
            func drop() async throws -> String? {
                try await reason {
                    try await provisioner.dropTenant(DropTenantRequest(tenantID: workspace.id.id.bytes))
                }
            }
            #expect(try await drop() == "TENANT_IN_USE")
            _ = try await operators.suspendTenant(SuspendTenantRequest(id: id))
            #expect(try await drop() == "TENANT_IN_USE")
            _ = try await operators.deleteTenant(
                DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            #expect(try await drop() == "TENANT_IN_USE")
            #expect(try await operators.activateTenant(ActivateTenantRequest(id: id)).tenant?.state == .active)
            _ = try await identity.signIn(workspace.name)
            _ = try await operators.deleteTenant(
                DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            try await identity.endGrace(of: workspace)
            // Once is enough, and again does no harm.
            for _ in 0..<2 { #expect(try await drop() == nil) }
            let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = '\(workspace.schema)'"
            #expect(try await identity.count(schemas) == 0)
            let rows = "SELECT count(*) FROM directory.tenants WHERE id = '\(workspace.id)'"
            #expect(try await identity.count(rows) == 0)
        }
    }

    /// A provisioner of before a service would leave the service's schema, and no row that tells whose it is.
    @Test func theProvisionerDropsNoTenantWithDataOfAServiceThatItDoesNotKnow() async throws {
        try await inWorkspace { identity, workspace in
            let provisioner = ProvisioningServiceClient(channel: identity.provisioner)
            func drop() async throws -> String? {
                try await reason {
                    try await provisioner.dropTenant(DropTenantRequest(tenantID: workspace.id.id.bytes))
                }
            }
            try await identity.tamper("UPDATE directory.tenants SET state = 1 WHERE id = '\(workspace.id)'")
            try await identity.tamper(
                "INSERT INTO directory.placements VALUES ('\(workspace.id)', 'notes', 'default', 0, 1, 1)")
            #expect(try await drop() == "SERVICE_UNKNOWN")
            let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = '\(workspace.schema)'"
            #expect(try await identity.count(schemas) == 1)
            #expect(
                try await identity.count("SELECT count(*) FROM directory.tenants WHERE id = '\(workspace.id)'") == 1)
            try await identity.tamper(
                "DELETE FROM directory.placements WHERE tenant_id = '\(workspace.id)' AND service = 'notes'")
            #expect(try await drop() == nil)
            #expect(try await identity.count(schemas) == 0)
        }
    }

    /// A tenant that the directory does not know is none of the provisioner's business: its rows may have been lost.
    @Test func theProvisionerDropsNoTenantThatTheDirectoryLost() async throws {
        try await inWorkspace { identity, workspace in
            let provisioner = ProvisioningServiceClient(channel: identity.provisioner)
            try await identity.tamper("DELETE FROM directory.tenants WHERE id = '\(workspace.id)'")
            _ = try await provisioner.dropTenant(DropTenantRequest(tenantID: workspace.id.id.bytes))
            let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = '\(workspace.schema)'"
            #expect(try await identity.count(schemas) == 1)
            try await identity.postgres.provisioner.drop(workspace.id, stream: IdentityMigrations.tenantStream)
        }
    }

    /// The grace is what is left when somebody else deletes a workspace, or the wrong one.
    @Test func theGraceIsADayAtLeast() async throws {
        try await inWorkspace { identity, workspace in
            let operators = identity.operators
            for days: Int32 in [-1, 0, 91] {
                let request = DeleteTenantRequest(
                    id: workspace.id.description, graceDays: days, workspace: workspace.name)
                let refused = try await reason { try await operators.deleteTenant(request) }
                #expect(refused == "OUT_OF_RANGE")
            }
        }
    }

    /// A set-up that is finished while the provisioner undoes it: the workspace is either there or gone, with its row.
    @Test func aTenantThatComesIntoUseWhileItIsDroppedStaysOrGoes() async throws {
        try await inWorkspace { identity, workspace in
            let provisioner = ProvisioningServiceClient(channel: identity.provisioner)
            try await identity.tamper("UPDATE directory.tenants SET state = 1 WHERE id = '\(workspace.id)'")
            // Somebody reads a table, so that the drop waits after it has looked.
            let dropping = try await identity.reading("\(workspace.schema).users") {
                let dropping = Task(executorPreference: identity.postgres.loops.loops[0]) {
                    try await reason {
                        try await provisioner.dropTenant(DropTenantRequest(tenantID: workspace.id.id.bytes))
                    }
                }
                let waiting = """
                    SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '\(workspace.schema).users'::regclass
                    """
                while try await identity.count(waiting) == 0 {}
                try await identity.tamper("UPDATE directory.tenants SET state = 2 WHERE id = '\(workspace.id)'")
                return dropping
            }
            let refusal = try await dropping.value
            let schemas = try await identity.count(
                "SELECT count(*) FROM pg_namespace WHERE nspname = '\(workspace.schema)'")
            let inUse = try await identity.count(
                "SELECT count(*) FROM directory.tenants WHERE id = '\(workspace.id)' AND state = 2")
            #expect(schemas == 1 && inUse == 1)
            #expect(refusal == "TENANT_IN_USE")
        }
    }

    /// Asks the catalogue which tables there are, so that one that comes later is looked at too.
    @Test func aDroppedTenantLeavesNothingInSharedTables() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await identity.signIn(workspace.name)
            _ = try await reason { try await identity.signIn(workspace.name, "admin@example.com", "wrong") }
            try await identity.tamper(
                """
                INSERT INTO directory.policy_marks (tenant_id, record_id, record_version, marked_at)
                VALUES ('\(workspace.id)', '\(workspace.adminID)', 1, now())
                """)
            let tables = try await identity.tamper(
                "SELECT relname::text FROM pg_class WHERE relnamespace = 'directory'::regnamespace AND relkind IN ('r', 'p')"
            )
            func traces() async throws -> [String] {
                var found: [String] = []
                for table in tables {
                    found += try await identity.tamper(
                        """
                        SELECT '\(table): ' || r::text FROM directory.\(table) r
                        WHERE r::text ~ '\(workspace.id)|\(workspace.adminID)|\(workspace.name)'
                        """)
                }
                return found
            }
            let before = Set(try await traces().compactMap { $0.split(separator: ":").first.map(String.init) })
            #expect(before.isSuperset(of: ["tenants", "placements", "sessions", "refresh_tokens", "policy_marks"]))
            let operators = identity.operators
            let id = workspace.id.description
            _ = try await operators.deleteTenant(DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            try await identity.endGrace(of: workspace)
            try await identity.sweep(identity.identity.sweeper.sweepDeletions) {
                try await reason { try await operators.getTenant(GetTenantRequest(id: id)) } != nil
            }
            #expect(try await traces() == [])
        }
    }

    @Test func tenantsAreListedPageByPage() async throws {
        try await onLoop { identity in
            let own = try await identity.openWorkspace()
            for _ in 0..<2 { _ = try await identity.openWorkspace() }
            let operators = identity.operators
            var names: [String] = []
            var token: String?
            repeat {
                let page = try await operators.listTenants(ListTenantsRequest(pageSize: 2, pageToken: token))
                names += page.tenants.compactMap(\.workspace)
                token = page.nextPageToken
            } while token != nil
            #expect(names.count >= 3)
            #expect(names == names.sorted())

            // A token tells nothing and belongs to its list.
            let first = try await operators.listTenants(ListTenantsRequest(pageSize: 1))
            let next = try #require(first.nextPageToken)
            let workspace = try #require(first.tenants.first?.workspace)
            #expect(!next.contains(workspace))
            for (wrong, state) in [(workspace, nil), (next + "A", nil), (next, .active)] as [(String, TenantState?)] {
                let request = ListTenantsRequest(pageToken: wrong, state: state)
                #expect(try await reason { try await operators.listTenants(request) } == "PAGE_TOKEN_INVALID")
            }
            for size in [0, 1_001] {
                #expect(
                    try await reason {
                        try await operators.listTenants(ListTenantsRequest(pageSize: Int32(size)))
                    } == "PAGE_SIZE_INVALID")
            }
            let found = try await operators.getTenant(GetTenantRequest(workspace: " \(own.name.uppercased())"))
            #expect(found.tenant?.workspace == own.name)
        }
    }
}
