import AccessControl
import Contracts
import Postgres
import RPC
import Reactor
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

/// Answers that were stored under a request id, asked for again when rights have changed since.
@Suite struct ReplayTests {
    typealias Methods = AccountServiceMethods

    private static let account = Account(
        displayName: "a", phone: "+49 30 1234567", email: "ann@example.com", city: "Rom")

    /// Cuts what the admin may read: the phone in part, the e-mail address not at all.
    private static func cutRights(_ world: World) {
        let role = PolicyRole(
            id: .make(), displayName: "Cut", grants: [Grant(object: "*", action: "*", scope: .all)],
            fieldPolicies: [
                FieldPolicy(object: "account", field: "phone", level: .masked),
                FieldPolicy(object: "account", field: "email", level: .none),
            ])
        let user = PolicyUser(id: world.people.admin, unitID: world.people.south, roleIDs: [role.id])
        let snapshot = PolicySnapshot(
            tenantID: world.tenant.id, epoch: 2, isActive: true, roles: [role],
            units: [PolicyUnit(id: world.people.south, parentID: nil)], users: [user])
        world.policies.snapshots.withLock { $0[world.tenant.id] = snapshot }
    }

    @Test func fieldsThatWereHiddenSinceAreHidden() async throws {
        try await World.run { world in
            let created = try await world.create(ReplayTests.account, requestID: "c")
            #expect(try await world.create(ReplayTests.account, requestID: "c") == created)
            let creation = BatchCreateAccountsRequest(accounts: [ReplayTests.account])
            let _: BatchCreateAccountsResponse = try await world.call(
                Methods.batchCreateAccounts, creation, requestID: "b")
            let deletion = DeleteAccountRequest(id: created.id)
            let _: DeleteAccountResponse = try await world.call(Methods.deleteAccount, deletion, requestID: "d")
            ReplayTests.cutRights(world)

            // What may not be written cannot be asked for again either.
            let refused = try await world.refusal(
                Methods.createAccount, CreateAccountRequest(account: ReplayTests.account), requestID: "c")
            #expect(refused.reason == "FIELD_NOT_WRITABLE")
            let deleted: DeleteAccountResponse = try await world.call(Methods.deleteAccount, deletion, requestID: "d")
            #expect(
                deleted.account?.phone == "•••4567" && deleted.account?.email == nil && deleted.account?.city == "Rom")
            let batch: BatchCreateAccountsResponse = try await world.call(
                Methods.batchCreateAccounts, creation, requestID: "b")
            #expect(batch.accounts.map(\.phone) == ["•••4567"] && batch.accounts.map(\.email) == [nil])
        }
    }

    @Test func customMethodsAreNoWayRound() async throws {
        try await World.run { world in
            let created = try await world.create(ReplayTests.account)
            func touch() async throws -> Account? {
                let context = world.context(Methods.updateAccount, as: world.people.admin, requestID: "t")
                return try await world.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                    let record = try await transaction.load(SampleSchema.account, id: created.id, for: .update)
                    let stored = try await transaction.update(record, by: .program) { $0.set("city", "Bonn") }
                    return UpdateAccountResponse(account: transaction.present(stored, as: Account.self))
                }.account
            }
            #expect(try await touch()?.email == "ann@example.com")
            ReplayTests.cutRights(world)
            let again = try await touch()
            #expect(again?.version == 2 && again?.phone == "•••4567" && again?.email == nil)
        }
    }

    @Test func recordsOutOfReachAreRefused() async throws {
        try await World.run { world in
            let rep = world.people.rep
            let mine = try await world.create(Account(displayName: "a"), as: rep, requestID: "c")
            _ = try await world.update(Account(id: mine.id, ownerID: world.people.admin.description))
            let error = try await world.refusal(
                Methods.createAccount, CreateAccountRequest(account: Account(displayName: "a")), as: rep, requestID: "c"
            )
            #expect(error.code == .permissionDenied && error.reason == "ANSWER_NOT_READABLE")
            #expect(error.details.contains { $0.key == "id" && $0.value == mine.id })
            #expect(try await world.count("SELECT count(*) FROM {schema}.accounts") == 1)
        }
    }

    /// A full disk is no fault of the program, and passes.
    @Test func aFullDiskIsAnOutage() async throws {
        try await World.run { world in
            try await ReplayTests.mayRunCode(world, "GRANT", "TO")
            let full = Statement("DO $$ BEGIN RAISE EXCEPTION 'no space on /srv' USING ERRCODE = '53100'; END $$")
            let context = world.context(Methods.updateAccount, as: world.people.admin, requestID: "f")
            let error = await #expect(throws: RPCError.self) {
                _ = try await world.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                    _ = try await transaction.query(full)
                    return UpdateAccountResponse()
                }
            }
            #expect(error?.code == .unavailable && error?.reason == "DATABASE_UNAVAILABLE")
            #expect(error?.retryDelay != nil && error?.message.contains("/srv") == false)
            let told = error?.cause.map { "\($0)" } ?? ""
            #expect(told.contains("free space"))
            try await ReplayTests.mayRunCode(world, "REVOKE", "FROM")
        }
    }

    /// Lets the tenant's role raise an error of its choice, which no role may otherwise.
    private static func mayRunCode(_ world: World, _ verb: String, _ preposition: String) async throws {
        let loop = try #require(EventLoop.current)
        let pool = PostgresPool(
            loop: loop, settings: world.postgres.superuser, workers: world.postgres.workers,
            logger: world.postgres.logger)
        let role = try #require(TenantSchema(tenantID: world.tenant.id, service: .customer)).role
        try await pool.run(
            unsafeCommand: "\(verb) USAGE ON LANGUAGE plpgsql \(preposition) \(role)", deadline: TestPostgres.deadline()
        )
        await pool.close(deadline: 0)
    }
}
