import Contracts
import CustomerContracts
import Glibc
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// A workspace from its opening to its end.
    @Suite(.serialized) struct TenantLifecycleJourney {
        private func request(_ name: String) -> CreateTenantRequest {
            CreateTenantRequest(
                workspace: name, displayName: "Company \(name)", adminEmail: "admin@\(name).example",
                adminDisplayName: "Ada Admin", adminPassword: TestSteward.password)
        }

        private func freshName() -> String { "life\(UInt32.random(in: 0 ... .max))" }

        @Test func aWorkspaceIsOpenedOnce() async throws {
            let steward = try await TestSteward.shared()
            let desk = try await steward.connectAsOperator()
            let name = freshName()
            let options = CallOptions(requestID: name)
            let first = try await desk.tenants.createTenant(request(name), options: options)
            #expect(first.tenant?.state == .active)
            #expect(first.tenant?.workspace == name)
            #expect(try await desk.tenants.createTenant(request(name), options: options).tenant?.id == first.tenant?.id)
            let other = try await refusal {
                try await desk.tenants.createTenant(request(name), options: CallOptions(requestID: "other-\(name)"))
            }
            #expect(other.code == .alreadyExists)
            #expect(other.reason == "WORKSPACE_TAKEN")
            var changed = request(name)
            changed.displayName = "Another company"
            let reused = try await refusal { try await desk.tenants.createTenant(changed, options: options) }
            #expect(reused.code == .invalidArgument)
            #expect(reused.reason == "REQUEST_ID_REUSED")
            let wrong = try await refusal {
                try await desk.tenants.createTenant(
                    CreateTenantRequest(workspace: "No Spaces!", adminEmail: "nobody", adminPassword: "short"))
            }
            #expect(wrong.code == .invalidArgument)
            #expect(
                Set(wrong.fieldViolations.map(\.field)) == [
                    "workspace", "display_name", "admin_email", "admin_display_name", "admin_password",
                ])
            let byName = try await desk.tenants.getTenant(GetTenantRequest(workspace: name))
            #expect(byName.tenant?.id == first.tenant?.id)
            let listed = try await desk.tenants.listTenants(ListTenantsRequest(pageSize: 1000)).tenants
            #expect(listed.filter { $0.workspace == name }.count == 1)
            await desk.close()
        }

        /// As if sales were installed only now: the workspace has no placement, schema and role there.
        @Test func aWorkspaceGetsTheSchemaOfANewService() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .sales))
            try await steward.identity.stop()
            for command in [
                "DELETE FROM directory.placements WHERE tenant_id = '\(workspace.tenantID)' AND service = 'sales'",
                "DROP SCHEMA \(schema.name) CASCADE", "DROP OWNED BY \(schema.role)", "DROP ROLE \(schema.role)",
            ] { try await steward.database.run(command) }
            try await steward.identity.start()
            // Its program has worked in the workspace by itself before, which one that is new has not.
            try await steward.sales.stop()
            try await steward.sales.start()
            try await eventually("the workspace has a pipeline to sell in", within: .seconds(30)) {
                do {
                    return try await workspace.admin.pipelines.listPipelines(ListPipelinesRequest()).records.count
                        == 1
                } catch is RPCError {
                    return false
                }
            }
            await workspace.close()
            try await steward.stop()
        }

        @Test func manyAtOnceOpenOne() async throws {
            let steward = try await TestSteward.shared()
            let desk = try await steward.connectAsOperator()
            let name = freshName()
            let request = request(name)
            let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await eventually("the workspace is there") {
                            do {
                                let options = CallOptions(requestID: name)
                                return try await desk.tenants.createTenant(request, options: options).tenant?.id
                            } catch let error as RPCError where error.reason == "TENANT_SETUP_IN_PROGRESS" {
                                return nil
                            }
                        }
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1 && !ids.contains(nil))
            await desk.close()
        }

        @Test func suspensionEndsAllAccessAndActivationGivesItBack() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let other = try await steward.makeWorkspace()
            let desk = try await steward.connectAsOperator()
            let session = try await workspace.admin.signIn(
                workspace: workspace.name, email: workspace.adminEmail, password: TestSteward.password)
            let id = workspace.tenantID.description
            let suspended = try await desk.tenants.suspendTenant(SuspendTenantRequest(id: id, comment: "unpaid"))
            #expect(suspended.tenant?.state == .suspended)
            #expect(try await desk.tenants.suspendTenant(SuspendTenantRequest(id: id)).tenant?.state == .suspended)
            try await eventually("the session ends", within: .seconds(5)) {
                do {
                    _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest())
                    return false
                } catch let error as RPCError where error.code == .unauthenticated {
                    return true
                }
            }
            let signIn = try await refusal { try await workspace.connectAsAdmin() }
            #expect(signIn.reason == "SIGN_IN_FAILED")
            let token = try #require(session.refreshToken)
            let renewal = try await refusal { try await workspace.admin.refresh(token: token) }
            #expect(renewal.code == .unauthenticated)
            #expect(try await other.admin.accounts.listAccounts(ListAccountsRequest()).records.isEmpty)

            #expect(
                try await desk.tenants.activateTenant(ActivateTenantRequest(id: id)).tenant?.state == .active)
            let again = try await workspace.connectAsAdmin()
            _ = try await again.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Paid at last")))
            await again.close()
            await desk.close()
            await other.close()
            await workspace.close()
        }

        @Test func aDeletedWorkspaceComesBackWithinItsGraceAndNotAfter() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let desk = try await steward.connectAsOperator()
            let id = workspace.tenantID.description
            _ = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Keepsake")))
            let mistyped = try await refusal {
                try await desk.tenants.deleteTenant(DeleteTenantRequest(id: id, workspace: "demo"))
            }
            #expect(mistyped.reason == "WORKSPACE_MISMATCH")
            #expect(mistyped.fieldViolations.map(\.field) == ["workspace"])

            let deleted = try await desk.tenants.deleteTenant(DeleteTenantRequest(id: id, workspace: workspace.name))
            #expect(deleted.tenant?.state == .deleting)
            let purge = try #require(deleted.tenant?.purgeTime)
            #expect(purge > Timestamp.now().advanced(by: .seconds(29 * 86_400)))
            let signIn = try await refusal { try await workspace.connectAsAdmin() }
            #expect(signIn.reason == "SIGN_IN_FAILED")
            _ = try await desk.tenants.activateTenant(ActivateTenantRequest(id: id))
            let back = try await workspace.connectAsAdmin()
            let kept = try await back.accounts.listAccounts(ListAccountsRequest()).records
            #expect(kept.map(\.displayName) == ["Keepsake"])
            await back.close()

            _ = try await desk.tenants.deleteTenant(
                DeleteTenantRequest(id: id, graceDays: 1, workspace: workspace.name))
            // A day later.
            try await steward.database.run("UPDATE directory.tenants SET purge_at = now() WHERE id = '\(id)'")
            try await eventually("the tenant is forgotten") {
                do {
                    _ = try await desk.tenants.getTenant(GetTenantRequest(id: id))
                    return false
                } catch let error as RPCError where error.code == .notFound {
                    return true
                }
            }
            let schemas = try ServiceName.dataServices.map {
                try #require(TenantSchema(tenantID: workspace.tenantID, service: $0)).name
            }
            for schema in schemas {
                let left = try await steward.database.rows(
                    """
                    SELECT nspname::text FROM pg_namespace WHERE nspname = '\(schema)'
                    UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname = '\(schema)'
                    """)
                #expect(left.isEmpty)
            }
            // The name is free again.
            let heir = try await desk.tenants.createTenant(
                request(workspace.name), options: CallOptions(requestID: "heir-\(workspace.name)"))
            #expect(heir.tenant?.id != id)
            await desk.close()
            await workspace.close()
        }

        /// Nobody waits longer for a workspace whose set-up was cut off, whichever program died.
        private static let cutOffMax = Duration.seconds(10)

        @Test(arguments: [ServiceName.identity, .provisioner])
        func anOpeningThatWasCutOffIsFinished(_ victim: ServiceName) async throws {
            let steward = try await TestSteward.start()
            let name = freshName()
            let desk = try await steward.connectAsOperator()
            let id = try await cutOff(name, in: steward, killing: victim)
            let killed = ContinuousClock.now
            try await steward.program(victim).start()
            try await steward.gateway.awaitReady()
            try await eventually("the sweeper has finished the work", within: .seconds(30)) {
                try await desk.tenants.getTenant(GetTenantRequest(workspace: name)).tenant?.state == .active
            }
            #expect(ContinuousClock.now - killed < Self.cutOffMax)
            let repeated = try await desk.tenants.createTenant(request(name), options: CallOptions(requestID: name))
            #expect(repeated.tenant?.id == id)
            let admin = try await steward.connect()
            try await admin.signIn(workspace: name, email: "admin@\(name).example", password: TestSteward.password)
            _ = try await admin.accounts.createAccount(CreateAccountRequest(record: Account(displayName: "First")))
            #expect(try await admin.deals.getBoard(GetBoardRequest()).columns.count == 5)
            await admin.close()
            await desk.close()
            try await steward.stop()
        }

        @Test func withoutTheProvisionerOnlyNewWorkspacesWait() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            try await steward.provisioner.stop()
            let desk = try await steward.connectAsOperator()
            let name = freshName()
            let error = try await refusal {
                try await desk.tenants.createTenant(
                    request(name), options: CallOptions(requestID: name, retries: false))
            }
            #expect(error.code == .unavailable && error.reason == "TENANT_SETUP_DELAYED", "\(error)")
            #expect(error.message.contains(name) && error.retryDelay != nil)
            // All else goes on: signing in, reading and writing, and the programs say that they take calls.
            let again = try await workspace.connectAsAdmin()
            _ = try await again.accounts.createAccount(CreateAccountRequest(record: Account(displayName: "A")))
            await again.close()
            for program in steward.programs where program.isRunning {
                #expect(program.page("/readyz")?.status == 200, "\(program.name)")
            }
            try await steward.provisioner.start()
            try await eventually("the workspace is ready", within: Self.cutOffMax) {
                try await desk.tenants.getTenant(GetTenantRequest(workspace: name)).tenant?.state == .active
            }
            await desk.close()
            await workspace.close()
            try await steward.stop()
        }

        @Test func anOpeningThatFailsForTooLongIsUndone() async throws {
            let steward = try await TestSteward.start()
            let name = freshName()
            let id = try await cutOff(name, in: steward, killing: .identity)
            try await steward.database.run(
                """
                UPDATE directory.tenant_setups
                SET leased_until = now() - interval '1 second', started_at = now() - interval '20 minutes'
                """)
            try await steward.identity.start()
            for program in steward.programs { try await program.awaitReady() }
            let desk = try await steward.connectAsOperator()
            try await eventually("the sweeper has undone the work", within: .seconds(30)) {
                do {
                    _ = try await desk.tenants.getTenant(GetTenantRequest(workspace: name))
                    return false
                } catch let error as RPCError where error.code == .notFound {
                    return true
                }
            }
            let left = try await steward.database.rows(
                "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 't\\_%'")
            #expect(left.isEmpty)
            let fresh = try await desk.tenants.createTenant(request(name), options: CallOptions(requestID: name))
            #expect(fresh.tenant?.id != id)
            await desk.close()
            try await steward.stop()
        }

        /// Kills a program when two of the three schemas of a new tenant are made and the third is not. Gives the
        /// tenant's id.
        private func cutOff(_ name: String, in steward: TestSteward, killing victim: ServiceName) async throws -> String
        {
            let desk = try await steward.connectAsOperator()
            steward.provisioner.send(SIGSTOP)
            let request = request(name)
            let opening = Task {
                try await refusal {
                    try await desk.tenants.createTenant(
                        request, options: CallOptions(timeout: .seconds(30), requestID: name, retries: false))
                }
            }
            let id = try await eventually("identity waits for the provisioner") {
                try await steward.database.rows("SELECT tenant_id::text FROM directory.tenant_setups").first?.first
                    ?? nil
            }
            let schema = try #require(TenantID(id).flatMap { TenantSchema(tenantID: $0, service: .sales) }).name
            // Nobody else can make a schema of that name until this one is undone.
            try await steward.database.during("CREATE SCHEMA \(schema)") {
                steward.provisioner.send(SIGCONT)
                try await eventually("two schemas are there") {
                    try await steward.database.rows(
                        "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 't\\_%'"
                    ).filter { $0.first != schema }.count == 2
                }
                try await steward.program(victim).kill()
            }
            #expect(try await opening.value.code == .unavailable)
            await desk.close()
            return id
        }
    }
}
