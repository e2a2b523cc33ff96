import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy
import TenantDatabase
import TestPostgres
import Testing
import Wire

/// What the author of a service writes, with the engine's parts for custom methods.
@Suite struct CustomMethodTests {
    /// A custom method: moves an account to a city and creates a child there.
    func move(_ world: World, _ request: UpdateAccountRequest, as user: UserID, requestID: String? = nil)
        async throws
        -> UpdateAccountResponse
    {
        let context = world.context(AccountServiceMethods.updateAccount, as: user, requestID: requestID)
        return try await world.engine.transaction(context, request: request) { tx in
            let record = try await tx.load(
                SampleSchema.account, id: request.account?.id, for: .update, version: request.account?.version
            )
            var account = record.value(Account.self)
            account.city = request.account?.city
            let stored = try await tx.update(record, to: account, by: .program)
            try await tx.insert(
                SampleSchema.account,
                Account(displayName: "Branch", externalID: "B", parentAccountID: account.id),
                by: .program)
            return UpdateAccountResponse(account: tx.present(stored, as: Account.self))
        }
    }

    @Test func effectLedgerAndAnswerAreOne() async throws {
        try await World.run { world in
            let admin = world.people.admin
            let created = try await world.create(Account(displayName: "a"))
            let request = UpdateAccountRequest(account: Account(id: created.id, version: 1, city: "Rom"))
            let first = try await move(world, request, as: admin, requestID: "m")
            #expect(first.account?.city == "Rom" && first.account?.version == 2)
            #expect(try await move(world, request, as: admin, requestID: "m") == first)
            #expect(try await world.count("SELECT count(*) FROM {schema}.accounts") == 2)
            #expect(try await world.count("SELECT count(*) FROM {schema}.ledger") == 3)
            // The second branch has the same key: nothing of the method remains.
            do {
                let again = UpdateAccountRequest(account: Account(id: created.id, version: 2, city: "Bonn"))
                _ = try await move(world, again, as: admin)
                Issue.record("the key was taken twice")
            } catch let error as RPCError {
                #expect(error.code == .alreadyExists)
            }
            #expect(try await world.get(created.id).city == "Rom")
        }
    }

    @Test func loadsAreAuthorised() async throws {
        try await World.run { world in
            let mine = try await world.create(Account(displayName: "a"), as: world.people.rep)
            for (user, version, code) in [
                (world.people.colleague, 1, StatusCode.permissionDenied),
                (world.people.nobody, 1, .permissionDenied),
                (world.people.rep, 9, .aborted),
            ] as [(UserID, Int64, StatusCode)] {
                let error = await #expect(throws: RPCError.self) {
                    try await move(
                        world,
                        UpdateAccountRequest(account: Account(id: mine.id, version: version, city: "x")),
                        as: user)
                }
                #expect(error?.code == code)
            }
        }
    }

    @Test func selectionsKeepScopeAndFilter() async throws {
        try await World.run { world in
            _ = try await world.create(Account(displayName: "hidden", city: "Rom"))
            _ = try await world.create(Account(displayName: "mine", city: "Rom"), as: world.people.rep)
            _ = try await world.create(Account(displayName: "other", city: "Bonn"), as: world.people.rep)
            let context = world.context(AccountServiceMethods.listAccounts, as: world.people.rep)
            let filter = Filter(
                compare: Comparison(field: "city", operator: .equal, values: [Value(stringValue: "Rom")]))
            let query = try await RecordQuery(world.engine, context, reading: SampleSchema.account)
            let inRome = try await query.select(SampleSchema.account, filter: filter)
            let set = try await query.select(SampleSchema.account, expression: "city is set")
            let (groups, count, accounts) = try await query.answers(
                inRome.groups(by: ["city"]), set.count(), set.first(10, Account.self, by: ["display_name"]))
            #expect(groups.map(\.count) == [1] && groups.map { $0.text(0) } == ["Rom"] && count == 2)
            #expect(accounts.map(\.displayName) == ["mine", "other"])
        }
    }

    @Test func declarationsFitTheTables() async throws {
        try await World.run { world in
            for type in [SampleSchema.account, SampleSchema.contact, SampleSchema.activity] {
                #expect(try await problems(world, type) == [])
            }
            let wrong = RecordType(
                Account.self, table: "contacts",
                fields: [.field("city", .column("birth_on")), .field("phone", .unique("nonsense"))])
            let found = try await problems(world, wrong)
            #expect(found.contains { $0.contains("birth_on is date instead of text") })
            #expect(found.contains { $0.contains("lacks the column display_name") })
            #expect(found.contains { $0.contains("lacks the constraint or index nonsense") })
        }
    }

    private func problems(_ world: World, _ type: RecordType) async throws -> [String] {
        var parameters = Parameters()
        parameters.append(world.tenant.schema(.customer).name)
        parameters.append(type.table)
        let results = try await world.database.batch(
            world.tenant.caller, deadline: TestPostgres.deadline(),
            [(SchemaCheck.columns, parameters), (SchemaCheck.constraints, parameters)])
        return try SchemaCheck.problems(of: type, columns: results[0], constraints: results[1])
    }
}
