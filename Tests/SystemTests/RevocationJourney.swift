import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Identity is away while a session ends and rights are withdrawn, as another instance of it would do: nobody is told. What the
    /// others know is doubted as soon as they hear of identity again.
    @Suite(.serialized) struct RevocationJourney {
        /// Within this the others have found identity again and asked it, on a machine that is busy. A proof lasts longer before it is renewed, so
        /// that it is not its end that is seen.
        private static let bound = Duration.seconds(25)

        private func reason(_ connection: StewardConnection) async -> String? {
            do {
                _ = try await connection.accounts.listAccounts(ListAccountsRequest(pageSize: 1))
                return nil
            } catch {
                return error.reason
            }
        }

        private func watch(_ connection: StewardConnection) async throws -> ResponseStream<WatchAccountsResponse> {
            let watch = try await connection.accounts.watchAccounts(
                WatchAccountsRequest(), options: CallOptions(timeout: .seconds(60)))
            while try await watch.next()?.snapshotEnd != true {}
            return watch
        }

        @Test func whatEndedUnheardIsFoundWhenIdentityIsBack() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let ann = try await workspace.connect(as: "ann@\(workspace.name).example", roles: ["Sales rep"])
            let bob = try await workspace.connect(as: "bob@\(workspace.name).example", roles: ["Sales rep"])
            let watches = try await (watch(ann.connection), watch(bob.connection))

            try await steward.identity.kill()
            // Longer ago than identity looks back when it begins.
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .identity)).name
            let past = "now() - interval '1 minute'"
            for change in [
                "UPDATE directory.sessions SET revoked_at = \(past) WHERE user_id = '\(ann.user.id ?? "")' RETURNING ''",
                "UPDATE \(schema).users SET role_ids = '{}' WHERE id = '\(bob.user.id ?? "")' RETURNING ''",
                """
                UPDATE directory.tenants SET policy_epoch = policy_epoch + 1, policy_changed_at = \(past)
                WHERE id = '\(workspace.tenantID)' RETURNING ''
                """,
            ] {
                #expect(try await steward.database.rows(change).count == 1, "\(change)")
            }
            // Nobody can know yet, and reading goes on.
            for connection in [ann.connection, bob.connection] {
                let refused = await reason(connection)
                #expect(refused == nil)
            }

            try await steward.identity.start()
            let back = ContinuousClock.now
            try await eventually("the ended session is refused", within: Self.bound) {
                await reason(ann.connection) == "SESSION_INVALID"
            }
            // Bob's rights are known by what the service hears: no call has named a newer version of them.
            for (watch, expected) in [(watches.0, "SESSION_INVALID"), (watches.1, "PERMISSION_MISSING")] {
                let ended = try await refusal { while try await watch.next() != nil {} }
                #expect(ended.reason == expected && ContinuousClock.now - back < Self.bound, "\(ended)")
            }
            #expect(await reason(bob.connection) == "PERMISSION_MISSING")
            #expect(await reason(workspace.admin) == nil)
            for connection in [ann.connection, bob.connection] { await connection.close() }
            await workspace.close()
            try await steward.stop()
        }
    }
}
