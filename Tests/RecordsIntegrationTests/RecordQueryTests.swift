import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestService
import Testing

/// What a custom method asks about records is what its caller may read.
@Suite struct RecordQueryTests {
    private func query(_ service: TestService, as user: UserID) async throws -> RecordQuery {
        try await RecordQuery(
            service.engine, service.context(AccountServiceMethods.listAccounts, as: user),
            reading: SampleService.account)
    }

    @Test func sumsAreExactAndGroupsInOrder() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            for (city, units) in [("Rom", Int64.max), ("Rom", .max), ("Bonn", 3), (nil, 5)] as [(String?, Int64)] {
                try await service.create(
                    Account(
                        displayName: "a", city: city, annualRevenue: Money(currencyCode: "EUR", minorUnits: units)))
            }
            try await service.create(Account(displayName: "worthless", city: "Bonn"))
            let query = try await query(service, as: people.admin)
            let accounts = try await query.select(SampleService.account)
            let groups = try await query.answers(
                accounts.groups(by: ["city", "annual_revenue.currency_code"], sum: "annual_revenue.minor_units"))
            #expect(groups.map { $0.text(0) } == ["Bonn", "Bonn", "Rom", nil])
            #expect(groups.map { $0.text(1) } == ["EUR", nil, "EUR", "EUR"])
            #expect(groups.map(\.count) == [1, 1, 2, 1])
            #expect(groups.map(\.sum) == [3, nil, 2 * Int128(Int64.max), 5])
            let all = try await query.answers(accounts.groups(by: [], sum: "annual_revenue.minor_units"))
            #expect(all.map(\.count) == [5] && all.map(\.sum) == [8 + 2 * Int128(Int64.max)])
        }
    }

    /// A record counts with each of its choices; the rights are those of the field.
    @Test func groupsOfSeveralChoices() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([
                TenantField(
                    object: "account", number: 10, name: "sports", kind: .choices, choices: ["golf", "围棋", "judo"])
            ])
            for (sports, units) in [(["golf", "围棋"], 5), (["围棋"], 7), ([], 11)] as [([String], Int64)] {
                let values = sports.isEmpty ? [] : [CustomField(name: "sports", stringValues: sports)]
                try await service.create(
                    Account(
                        customFields: values, displayName: "a", city: "Rom",
                        annualRevenue: Money(currencyCode: "EUR", minorUnits: units)))
            }
            let query = try await query(service, as: service.admin)
            let accounts = try await query.select(SampleService.account)
            let groups = try await query.answers(
                accounts.groups(by: ["custom.sports", "city"], sum: "annual_revenue.minor_units"))
            #expect(groups.map { $0.text(0) } == ["golf", "围棋", nil])
            #expect(groups.map { $0.text(1) } == ["Rom", "Rom", "Rom"])
            #expect(groups.map(\.count) == [1, 2, 1] && groups.map(\.sum) == [5, 12, 11])
            let blind = service.makeUser([("account", "read", .all)], hiding: [("account", "custom.sports", .none)])
            let other = try await self.query(service, as: blind)
            let theirs = try await other.select(SampleService.account)
            let refused = try await denial { _ = try theirs.groups(by: ["custom.sports"]) }
            #expect(refused.reason == "FIELD_NOT_READABLE")
        }
    }

    /// A question names a number of records, and their texts may be of any length: the database counts their bytes.
    @Test func moreBytesThanMayBeInMemoryAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let parent = try await service.create(Account(displayName: "parent"))
            let children = (0..<100).map { Account(displayName: "n\($0)", parentAccountID: parent.id) }
            try await service.batchCreate(children)
            try await AnswerSizeTests().lengthen(
                service, "UPDATE {schema}.accounts SET description = repeat('𝄞', 25000)")
            let query = try await query(service, as: people.admin)
            let accounts = try await query.select(SampleService.account)
            let some = try await query.answers(accounts.first(80, Account.self, by: ["display_name"]))
            #expect(some.count == 80)
            let wholes = try await query.select(
                SampleService.account, where: .equal("id", try #require(RecordID(parent.id ?? ""))))
            for question in [
                try accounts.first(90, Account.self, by: ["display_name"]),
                try accounts.first(90, Account.self, ofEach: wholes, named: "parent_account_id", by: ["display_name"]),
            ] {
                let error = try await denial { try await query.answers(question) }
                #expect(error.code == .resourceExhausted && error.reason == "ANSWER_TOO_LONG")
                #expect(error.message.contains("8388608"))
            }
            let one = try await query.answers(
                accounts.first(1, Account.self, ofEach: wholes, named: "parent_account_id", by: ["display_name desc"]))
            #expect(one.map(\.displayName) == ["n99"])
        }
    }

    @Test func theFirstOfEachAreWithinScopeOnBothSides() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let parent = try await service.create(Account(displayName: "parent"), as: people.rep)
            let hidden = try await service.create(Account(displayName: "hidden parent"))
            for number in 1...3 {
                try await service.create(
                    Account(displayName: "child \(number)", parentAccountID: parent.id), as: people.rep)
            }
            try await service.create(Account(displayName: "of another", parentAccountID: parent.id))
            try await service.create(Account(displayName: "of the hidden", parentAccountID: hidden.id))
            let query = try await query(service, as: people.rep)
            let accounts = try await query.select(SampleService.account)
            let (first, count) = try await query.answers(
                accounts.first(
                    2, Account.self, ofEach: accounts, named: "parent_account_id", by: ["display_name desc"]),
                accounts.count())
            #expect(first.map(\.displayName) == ["child 3", "child 2"])
            #expect(count == 4)
        }
    }

    @Test func aWholeAnswerIsWholeOrRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            for name in ["b", "a"] { try await service.create(Account(displayName: name)) }
            let query = try await query(service, as: people.admin)
            let accounts = try await query.select(SampleService.account)
            let all = try await query.answers(accounts.all(Account.self, by: ["display_name"], countMax: 2))
            #expect(all.map(\.displayName) == ["a", "b"])
            let error = await #expect(throws: RPCError.self) {
                _ = try await query.answers(accounts.all(Account.self, by: [], countMax: 1))
            }
            #expect(error?.code == .failedPrecondition && error?.reason == "RECORDS_TOO_MANY")
        }
    }

    @Test func everyFieldOfAQuestionMustBeReadable() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let query = try await query(service, as: people.reader)
            let accounts = try await query.select(SampleService.account)
            for field in ["phone", "email"] {
                for question in [
                    { _ = try accounts.groups(by: [field]) }, { _ = try accounts.first(1, Account.self, by: [field]) },
                    { _ = try accounts.first(1, Account.self, ofEach: accounts, named: field, by: []) },
                ] as [() throws -> Void] {
                    let error = #expect(throws: RPCError.self) { try question() }
                    #expect(error?.reason == "FIELD_NOT_READABLE", "\(field)")
                }
                let error = await #expect(throws: RPCError.self) {
                    _ = try await query.select(SampleService.account, where: .equal(field, true))
                }
                #expect(error?.reason == "FIELD_NOT_READABLE", "\(field)")
            }
            #expect(try await query.answers(accounts.groups(by: ["city"])).isEmpty)
        }
    }
}
