import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

/// What the author of a service writes, with the engine's parts for custom methods.
@Suite struct CustomMethodTests {
    /// A custom method: moves an account to a city and creates a child there.
    func move(_ service: TestService, _ request: UpdateAccountRequest, as user: UserID, requestID: String? = nil)
        async throws
        -> UpdateAccountResponse
    {
        let context = service.context(AccountServiceMethods.updateAccount, as: user, requestID: requestID)
        return try await service.engine.transaction(context, request: request) { tx in
            let record = try await tx.load(
                SampleService.account, id: request.record?.id, for: .update, version: request.record?.version
            )
            var account = record.value(Account.self)
            account.city = request.record?.city
            let stored = try await tx.update(record, to: account, by: .program)
            try await tx.insert(
                SampleService.account,
                Account(displayName: "Branch", externalID: "B", parentAccountID: account.id),
                by: .program)
            return UpdateAccountResponse(record: tx.present(stored, as: Account.self))
        }
    }

    @Test func effectLedgerAndAnswerAreOne() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let admin = people.admin
            let created = try await service.create(Account(displayName: "a"))
            let request = UpdateAccountRequest(record: Account(id: created.id, version: 1, city: "Rom"))
            let first = try await move(service, request, as: admin, requestID: "m")
            #expect(first.record?.city == "Rom" && first.record?.version == 2)
            #expect(try await move(service, request, as: admin, requestID: "m") == first)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 2)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 3)
            // The second branch has the same key: nothing of the method remains.
            do {
                let again = UpdateAccountRequest(record: Account(id: created.id, version: 2, city: "Bonn"))
                _ = try await move(service, again, as: admin)
                Issue.record("the key was taken twice")
            } catch let error as RPCError {
                #expect(error.code == .alreadyExists)
            }
            #expect(try await service.get(created).city == "Rom")
        }
    }

    @Test func loadsAreAuthorised() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let mine = try await service.create(Account(displayName: "a"), as: people.rep)
            for (user, version, code) in [
                (people.colleague, 1, StatusCode.permissionDenied),
                (people.nobody, 1, .permissionDenied),
                (people.rep, 9, .aborted),
            ] as [(UserID, Int64, StatusCode)] {
                let error = await #expect(throws: RPCError.self) {
                    try await move(
                        service,
                        UpdateAccountRequest(record: Account(id: mine.id, version: version, city: "x")),
                        as: user)
                }
                #expect(error?.code == code)
            }
        }
    }

    @Test func selectionsKeepScopeAndFilter() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            _ = try await service.create(Account(displayName: "hidden", city: "Rom"))
            _ = try await service.create(Account(displayName: "mine", city: "Rom"), as: people.rep)
            _ = try await service.create(Account(displayName: "other", city: "Bonn"), as: people.rep)
            let context = service.context(AccountServiceMethods.listAccounts, as: people.rep)
            let filter = Filter(
                compare: Comparison(field: "city", operator: .equal, values: [Value(stringValue: "Rom")]))
            let query = try await RecordQuery(service.engine, context, reading: SampleService.account)
            let inRome = try await query.select(SampleService.account, filter: filter)
            let set = try await query.select(SampleService.account, expression: "city is set")
            let (groups, count, accounts) = try await query.answers(
                inRome.groups(by: ["city"]), set.count(), set.first(10, Account.self, by: ["display_name"]))
            #expect(groups.map(\.count) == [1] && groups.map { $0.text(0) } == ["Rom"] && count == 2)
            #expect(accounts.map(\.displayName) == ["mine", "other"])
        }
    }

    @Test func declarationsFitTheTables() async throws {
        try await TestService.run(SampleService.definition) { service in
            for type in [SampleService.account, SampleService.contact, SampleService.activity] {
                #expect(try await service.problems(of: type) == [])
            }
            let wrong = RecordType(
                Account.self, table: "contacts",
                fields: [.field("city", .column("birth_on")), .field("phone", .unique("nonsense"))])
            let found = try await service.problems(of: wrong)
            #expect(found.contains { $0.contains("birth_on is date instead of text") })
            #expect(found.contains { $0.contains("lacks the column display_name") })
            #expect(found.contains { $0.contains("lacks the constraint or index nonsense") })
        }
    }
}
