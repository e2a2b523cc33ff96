import Migrations
import Postgres
import Tenancy
import Testing

/// What identity's login may make of a tenant's state, by trying: the table in deploy/postgres/rights.md.
@Suite struct TenantStateRightsTests {
    /// By number: 1 provisioning, 2 active, 3 suspended, 4 deleting.
    private static let allowed: Set<[Int]> = [[1, 2], [2, 3], [3, 2], [2, 4], [3, 4], [4, 2]]

    @Test func identityMovesATenantOnlyAsItsMethodsDo() async throws {
        let world = try await RightsWorld()
        let tenant = try await Tenant(world)
        for from in 1...4 {
            for to in 1...4 where to != from {
                try await tenant.set(from, purge: from == 4 ? "now() + interval '10 days'" : "NULL")
                let error = try await tenant.change(
                    "state = \(to), purge_at = \(to == 4 ? "now() + interval '24 hours'" : "NULL")")
                #expect((error == nil) == Self.allowed.contains([from, to]), "\(from) to \(to): \(text(error))")
                #expect(error == nil || error?.kind == .insufficientPrivilege, "\(text(error))")
            }
        }
        // Notes of the policy are no change of state.
        try await tenant.set(2, purge: "NULL")
        #expect(try await tenant.change("policy_epoch = policy_epoch + 1, policy_changed_at = now()") == nil)
    }

    @Test func aTenantIsKeptForADayAtLeast() async throws {
        let world = try await RightsWorld()
        let tenant = try await Tenant(world)
        for moment in ["now()", "now() - interval '1 day'", "now() + interval '23 hours'"] {
            try await tenant.set(2, purge: "NULL")
            let error = try await tenant.change("state = 4, purge_at = \(moment)")
            #expect(error?.kind == .insufficientPrivilege, "\(moment): \(text(error))")
            // Nor later: the moment stays as it was said.
            try await tenant.set(4, purge: "now() + interval '10 days'")
            for command in ["purge_at = \(moment)", "state = 4, purge_at = \(moment)"] {
                let later = try await tenant.change(command)
                #expect(later?.kind == .insufficientPrivilege, "\(command): \(text(later))")
            }
        }
        // What may be half dropped does not come back.
        try await tenant.set(4, purge: "now() - interval '1 second'")
        #expect(try await tenant.change("state = 2, purge_at = NULL")?.kind == .insufficientPrivilege)
    }

    @Test func aNewTenantBeginsByBeingSetUp() async throws {
        let world = try await RightsWorld()
        for (state, purge) in [(2, "NULL"), (3, "NULL"), (4, "now() + interval '10 days'")] {
            let error = try await Tenant.insert(world, TenantID(.make()), state: state, purge: purge)
            #expect(error?.kind == .insufficientPrivilege, "\(state): \(text(error))")
        }
    }

    private func text(_ error: PostgresError?) -> String { error.map { "\($0.kind) \($0.message)" } ?? "no error" }

    private struct Tenant {
        let world: RightsWorld
        let id = TenantID(.make())

        private static let login = InstallationNames.login(.identity, partition: 0)

        init(_ world: RightsWorld) async throws {
            self.world = world
            try #require(try await Tenant.insert(world, id, state: 1, purge: "NULL") == nil)
        }

        static func insert(
            _ world: RightsWorld, _ id: TenantID, state: Int, purge: String
        ) async throws -> PostgresError? {
            try await world.error(
                of: """
                    INSERT INTO directory.tenants (id, workspace, display_name, state, policy_epoch, policy_changed_at,
                        admin_user_id, operator_id, fingerprint, created_at, updated_at, purge_at)
                    VALUES ('\(id)', '\(id)', 'x', \(state), 1, now(), '\(id)', '\(id)', '', now(), now(), \(purge))
                    """, as: login)
        }

        /// As the owner, whom nothing stops.
        func set(_ state: Int, purge: String) async throws {
            let error = try await world.error(
                of: "UPDATE directory.tenants SET state = \(state), purge_at = \(purge) WHERE id = '\(id)'",
                as: InstallationNames.provisioner)
            try #require(error == nil)
        }

        /// As identity.
        func change(_ assignments: String) async throws -> PostgresError? {
            try await world.error(
                of: "UPDATE directory.tenants SET \(assignments) WHERE id = '\(id)'", as: Self.login)
        }
    }
}
