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
        displayName: "a", phone: "+49301234567", email: "ann@example.com", city: "Rom")

    /// Cuts what the admin may read: the phone in part, the e-mail address not at all.
    private static func cutRights(
        _ service: TestService, more: [(object: String, field: String, level: FieldLevel)] = []
    ) {
        service.change(
            service.admin, to: [("*", "*", .all)],
            hiding: [("account", "phone", .masked), ("account", "email", .none)] + more)
    }

    @Test func fieldsThatWereHiddenSinceAreHidden() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(ReplayTests.account, requestID: "c")
            #expect(try await service.create(ReplayTests.account, requestID: "c") == created)
            let bare = Account(displayName: "b")
            let edited = try await service.update(Account(id: created.id, city: "Bonn"), requestID: "u")
            _ = try await service.batchCreate([bare], requestID: "b")
            _ = try await service.delete(created, requestID: "d")
            ReplayTests.cutRights(service, more: [("account", "owner_id", .none)])

            for answer in [
                try await service.delete(created, requestID: "d"),
                try await service.update(Account(id: created.id, city: "Bonn"), requestID: "u"),
            ] {
                #expect(answer.phone == "•••4567" && answer.email == nil && answer.city == "Bonn")
            }
            #expect(edited.email == "ann@example.com")
            // What the service filled in is hidden as what was sent.
            let batch = try await service.batchCreate([bare], requestID: "b")
            #expect(batch.records.map(\.displayName) == ["b"] && batch.records.map(\.ownerID) == [nil])
        }
    }

    /// What may not be written any more cannot be asked for again either, on no way; with the right back it can.
    @Test func fieldsThatMayNotBeWrittenSinceAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let edition = Account(id: try await service.create(Account(displayName: "e")).id, email: "e@example.com")
            let bare = Account(displayName: "b")
            let wrong = Account(displayName: "", email: "x@example.com")
            let writes: [(name: String, write: () async throws -> [Account])] = [
                ("create", { [try await service.create(ReplayTests.account, requestID: "c")] }),
                ("update", { [try await service.update(edition, ["email"], requestID: "u")] }),
                (
                    "batch",
                    { try await service.batchCreate([bare, ReplayTests.account], requestID: "b").records }
                ),
            ]
            var first: [[Account]] = []
            for item in writes { first.append(try await item.write()) }
            // An item that was refused is refused still, and keeps nobody from the answer.
            let partly = try await service.batchCreate([bare, wrong], requestID: "p")
            #expect(partly.records.count == 1)
            let count = try await service.number("SELECT count(*) FROM {schema}.ledger")
            ReplayTests.cutRights(service)
            for item in writes {
                let refused = try await denial { _ = try await item.write() }
                #expect(refused.reason == "FIELD_NOT_WRITABLE", "\(item.name)")
                #expect(!refused.message.contains("example.com"), "\(item.name)")
            }
            let again = try await service.batchCreate([bare, wrong], requestID: "p")
            #expect(again.records.map(\.displayName) == ["b"] && again.results == partly.results)
            service.change(service.admin, to: [("*", "*", .all)])
            for (item, answer) in zip(writes, first) { #expect(try await item.write() == answer, "\(item.name)") }
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == count)
        }
    }

    /// Whoever may read everything still, but not do it.
    @Test func actionsThatWereTakenAwaySinceAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let account = try await service.create(Account(displayName: "a"))
            func touch() async throws {
                let context = service.context(Methods.updateAccount, requestID: "t")
                _ = try await service.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                    let record = try await transaction.load(SampleService.account, id: account.id, for: .update)
                    let stored = try await transaction.update(record, by: .program) { $0.set("city", "Bonn") }
                    return UpdateAccountResponse(record: transaction.present(stored, as: Account.self))
                }
            }
            let writes: [(name: String, write: () async throws -> Void)] = [
                ("create", { _ = try await service.create(ReplayTests.account, requestID: "c") }),
                ("batch", { _ = try await service.batchCreate([Account(displayName: "b")], requestID: "b") }),
                ("update", { _ = try await service.update(Account(id: account.id, city: "Rom"), requestID: "u") }),
                ("custom", { try await touch() }),
                ("delete", { _ = try await service.delete(account, requestID: "d") }),
                ("restore", { _ = try await service.restore(account, requestID: "r") }),
            ]
            for item in writes { try await item.write() }
            for item in writes { try await item.write() }
            service.change(service.admin, to: [("*", "read", .all)])
            for item in writes {
                let refused = try await denial { try await item.write() }
                #expect(refused.reason == "PERMISSION_MISSING", "\(item.name)")
            }
        }
    }

    /// Who may only make records of his own no longer asks for those that he made for others.
    @Test func ownersOutOfScopeSinceAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let (giver, other) = (service.makeUser([("account", "*", .all)]), service.makeUser([]))
            let given = Account(ownerID: other.description, displayName: "g")
            let writes: [() async throws -> Void] = [
                { _ = try await service.create(given, as: giver, requestID: "c") },
                {
                    let batch = try await service.batchCreate([given], as: giver, requestID: "b")
                    #expect(batch.records.count == 1)
                },
            ]
            for write in writes { try await write() }
            service.change(giver, to: [("account", "read", .all), ("account", "create", .own)])
            for write in writes {
                let refused = try await denial { try await write() }
                #expect(refused.reason == "RECORD_OUT_OF_SCOPE")
            }
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
