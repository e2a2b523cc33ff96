import AccessControl
import Contracts
import CustomerContracts
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
    private static func cutRights(_ service: TestService) {
        service.change(
            service.admin, to: [("*", "*", .all)],
            hiding: [("account", "phone", .masked), ("account", "email", .none)])
    }

    @Test func fieldsThatWereHiddenSinceAreHidden() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(ReplayTests.account, requestID: "c")
            #expect(try await service.create(ReplayTests.account, requestID: "c") == created)
            let creation = BatchCreateAccountsRequest(records: [ReplayTests.account])
            _ = try await service.accounts(requestID: "b").batchCreateAccounts(creation)
            let deletion = DeleteAccountRequest(id: created.id)
            _ = try await service.accounts(requestID: "d").deleteAccount(deletion)
            ReplayTests.cutRights(service)

            // What may not be written cannot be asked for again either.
            let refused = try await denial { try await service.create(ReplayTests.account, requestID: "c") }
            #expect(refused.reason == "FIELD_NOT_WRITABLE")
            let deleted = try await service.accounts(requestID: "d").deleteAccount(deletion)
            #expect(
                deleted.record?.phone == "•••4567" && deleted.record?.email == nil && deleted.record?.city == "Rom")
            let batch = try await service.accounts(requestID: "b").batchCreateAccounts(creation)
            #expect(batch.records.map(\.phone) == ["•••4567"] && batch.records.map(\.email) == [nil])
        }
    }

    @Test func customMethodsAreNoWayRound() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let created = try await service.create(ReplayTests.account)
            func touch() async throws -> Account? {
                let context = service.context(Methods.updateAccount, as: people.admin, requestID: "t")
                return try await service.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                    let record = try await transaction.load(SampleService.account, id: created.id, for: .update)
                    let stored = try await transaction.update(record, by: .program) { $0.set("city", "Bonn") }
                    return UpdateAccountResponse(record: transaction.present(stored, as: Account.self))
                }.record
            }
            #expect(try await touch()?.email == "ann@example.com")
            ReplayTests.cutRights(service)
            let again = try await touch()
            #expect(again?.version == 2 && again?.phone == "•••4567" && again?.email == nil)
        }
    }

    @Test func recordsOutOfReachAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let rep = people.rep
            let mine = try await service.create(Account(displayName: "a"), as: rep, requestID: "c")
            _ = try await service.update(Account(id: mine.id, ownerID: people.admin.description))
            let error = try await denial {
                try await service.create(Account(displayName: "a"), as: rep, requestID: "c")
            }
            #expect(error.code == .permissionDenied && error.reason == "ANSWER_NOT_READABLE")
            #expect(error.details.contains { $0.key == "id" && $0.value == mine.id })
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 1)
        }
    }

    /// A full disk is no fault of the program, and passes.
    @Test func aFullDiskIsAnOutage() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            try await ReplayTests.mayRunCode(service, "GRANT", "TO")
            let full = Statement("DO $$ BEGIN RAISE EXCEPTION 'no space on /srv' USING ERRCODE = '53100'; END $$")
            let context = service.context(Methods.updateAccount, as: people.admin, requestID: "f")
            let error = await #expect(throws: RPCError.self) {
                _ = try await service.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                    _ = try await transaction.query(full)
                    return UpdateAccountResponse()
                }
            }
            #expect(error?.code == .unavailable && error?.reason == "DATABASE_UNAVAILABLE")
            #expect(error?.retryDelay != nil && error?.message.contains("/srv") == false)
            let told = error?.cause.map { "\($0)" } ?? ""
            #expect(told.contains("free space"))
            try await ReplayTests.mayRunCode(service, "REVOKE", "FROM")
        }
    }

    /// Lets the tenant's role raise an error of its choice, which no role may otherwise.
    private static func mayRunCode(_ service: TestService, _ verb: String, _ preposition: String) async throws {
        let role = try #require(TenantSchema(tenantID: service.tenant.id, service: .customer)).role
        _ = try await service.postgres.rows("\(verb) USAGE ON LANGUAGE plpgsql \(preposition) \(role)")
    }
}
