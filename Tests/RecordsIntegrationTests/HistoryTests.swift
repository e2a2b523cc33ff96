import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// What a record's history tells, and in which pages.
@Suite struct HistoryTests {
    @Test func eachChangeIsTold() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(
                Account(displayName: "北京", annualRevenue: Money(currencyCode: "EUR", minorUnits: 5)), as: people.rep)
            let edited = try await service.update(
                Account(id: made.id, city: "Rom", annualRevenue: Money(currencyCode: "USD", minorUnits: 7)),
                ["city", "annual_revenue"])
            let gone = try await service.delete(made)
            let back = try await service.restore(made)
            let told = try await service.history(made.id)
            #expect(told.map(\.version) == [4, 3, 2, 1])
            #expect(told.map(\.method) == ["restore", "delete", "update", "create"])
            #expect(
                told.map(\.changeTime) == [back.updateTime, gone.updateTime, edited.updateTime, made.createTime])
            let (admin, rep) = (service.admin.id.text, people.rep.id.text)
            #expect(told.map(\.actorID) == [admin, admin, admin, rep])
            #expect(told.compactMap(\.purpose) == [] && told.compactMap(\.onBehalfOfID) == [])
            #expect(told[0].changedFields == ["delete_time"] && told[1].changedFields == ["delete_time"])
            #expect(told[0].before == Account(deleteTime: gone.deleteTime) && told[0].after == Account())
            #expect(told[1].before == Account() && told[1].after == Account(deleteTime: gone.deleteTime))
            #expect(told[2].changedFields == ["city", "annual_revenue"])
            #expect(told[2].before == Account(annualRevenue: Money(currencyCode: "EUR", minorUnits: 5)))
            #expect(
                told[2].after == Account(city: "Rom", annualRevenue: Money(currencyCode: "USD", minorUnits: 7)))
            #expect(told[3].before == nil)
            var first = made
            (first.version, first.updateTime) = (nil, nil)
            #expect(told[3].after == first)
        }
    }

    @Test func batchesCustomMethodsAndProgramsAreTold() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let id = try await service.batchCreate([Account(displayName: "a")]).records.first?.id
            let custom = MethodDefinition(
                path: "\(AccountServiceMethods.getAccount.service)/MoveAccount",
                request: AccountServiceMethods.updateAccount.request,
                response: AccountServiceMethods.updateAccount.response, kind: .unary)
            @Sendable func move(_ city: String, _ transaction: RecordTransaction) async throws {
                let account = try await transaction.load(SampleService.account, id: id, for: .update)
                try await transaction.update(account, by: .program) { $0.set("city", city) }
            }
            _ = try await service.engine.transaction(
                service.context(custom), request: UpdateAccountRequest()
            ) {
                try await move("Rom", $0)
                return UpdateAccountResponse()
            }
            let purpose = Purpose("tidy", needs: "account.read", "account.update")
            for (city, user) in [("Bonn", service.admin), ("Wien", nil)] as [(String, UserID?)] {
                try await service.engine.transaction(
                    as: TenantActor(service.tenant.id, purpose: purpose, onBehalfOf: user),
                    doing: AccountServiceMethods.updateAccount, deadline: .after(.seconds(20)),
                    logger: service.postgres.logger
                ) { try await move(city, $0) }
            }
            let told = try await service.history(id, as: people.admin)
            #expect(told.map(\.method) == ["update", "update", "MoveAccount", "create"])
            #expect(told.map(\.purpose) == ["tidy", "tidy", nil, nil])
            let admin = service.admin.id.text
            #expect(told.map(\.onBehalfOfID) == [nil, admin, nil, nil])
            #expect(told.map(\.actorID) == [nil, nil, admin, admin])
            #expect(told.map(\.after?.city) == ["Wien", "Bonn", "Rom", nil])
        }
    }

    @Test func pagesHoldEveryChangeOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            for number in 2...6 { try await service.update(Account(id: made.id, city: "\(number)"), ["city"]) }
            let whole = try await service.page(made.id, size: 6)
            #expect(whole.changes.map(\.version) == [6, 5, 4, 3, 2, 1] && whole.nextPageToken == nil)
            for size in [1, 2, 3, 5] as [Int32] {
                var (paged, sizes, token): ([AccountHistoryEntry], [Int], String?) = ([], [], nil)
                repeat {
                    let next = try await service.page(made.id, size: size, token: token)
                    (paged, token) = (paged + next.changes, next.nextPageToken)
                    sizes.append(next.changes.count)
                } while token != nil && paged.count <= 6
                #expect(paged == whole.changes, "by \(size)")
                #expect(Set(sizes.dropLast()).subtracting([Int(size)]) == [] && sizes.last != 0, "by \(size)")
            }
        }
    }

    /// More rows than may be in memory at once.
    @Test func longPagesAreReadInParts() async throws {
        try await TestService.run(SampleService.definition) { service in
            let count = 2 * SampleService.account.rowsAtOnce
            let made = try await service.create(Account(displayName: "a"))
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now(), 'a/B', 'account', '\(made.id ?? "")', n, '{"city":null}',
                    jsonb_build_object('city', n::text)
                FROM generate_series(2, \(count)) AS n
                """)
            let whole = try await service.page(made.id, size: 1000)
            #expect(whole.changes.map(\.version) == (1...Int64(count)).reversed() && whole.nextPageToken == nil)
        }
    }

    /// Of a long history only the page is read, whatever else the ledger has, and nothing else is sorted.
    @Test func aPageIsReadFromTheIndex() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(Account(displayName: "a"), as: people.rep)
            let id = try #require(RecordID(made.id ?? ""))
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now(), 'a/B', 'account', r.id, n, '{}',
                    jsonb_build_object(CASE n % 2 WHEN 0 THEN 'city' ELSE 'email' END, repeat('x', 100))
                FROM generate_series(2, 300) AS n, (
                    SELECT '\(id)'::uuid AS id UNION ALL SELECT gen_random_uuid() FROM generate_series(1, 100)) AS r
                """)
            _ = try await service.postgres.rows("ANALYZE \(service.schemaName).ledger")
            let call = try await service.engine.authorise(
                service.context(AccountServiceMethods.listAccountChanges, as: people.colleague), SampleService.account,
                .read)
            for place in [nil, HistoryQuery.Place(version: 200, rowID: .make())] {
                let query = HistoryQuery(
                    selection: Selection(call: call, filter: nil, lifetime: .living, action: .read), id: id,
                    keys: ["city"], rowCount: 51, place: place)
                let (text, parameters) = query.page()
                let plan = try await service.sql(
                    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) \(text)", parameters
                ).map { try $0.string(0) }
                let index = plan.first { $0.contains("Index Scan Backward using ledger_record_idx") }
                let scan = try #require(index, "\(plan)")
                let rows = try #require(scan.firstMatch(of: /actual rows=(\d+)/).flatMap { Int($0.1) })
                #expect(rows <= 53, "\(plan)")
                let sortsVersions = plan.contains { $0.contains("Presorted Key: ledger.record_version") }
                #expect(sortsVersions, "\(plan)")
            }
        }
    }

    @Test func aChangeBetweenPagesDisturbsNone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            for number in 2...4 { try await service.update(Account(id: made.id, city: "\(number)"), ["city"]) }
            let first = try await service.page(made.id, size: 2)
            try await service.update(Account(id: made.id, city: "5"), ["city"])
            let second = try await service.page(made.id, size: 2, token: first.nextPageToken)
            #expect((first.changes + second.changes).map(\.version) == [4, 3, 2, 1])
            #expect(second.nextPageToken == nil)
        }
    }

    /// Rows of several changes that share a version, as migrations or other programs may leave them, are told once each.
    @Test func rowsOfOneVersionAreToldOnceEach() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now(), 'a/B', 'account', '\(made.id ?? "")', 1, '{"city":null}',
                    jsonb_build_object('city', n::text)
                FROM generate_series(1, 3) AS n
                """)
            var (paged, token): ([AccountHistoryEntry], String?) = ([], nil)
            repeat {
                let next = try await service.page(made.id, size: 1, token: token)
                (paged, token) = (paged + next.changes, next.nextPageToken)
            } while token != nil && paged.count <= 4
            #expect(paged.count == 4 && Set(paged).count == 4)
        }
    }

    @Test func aRecordWhoseChangesAreNoLongerKeptHasNone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            let update = try await service.update(Account(id: made.id, city: "Rom"), ["city"])
            _ = try await service.postgres.rows(
                "DELETE FROM \(service.schemaName).ledger WHERE record_version = 1")
            #expect(try await service.history(made.id).map(\.version) == [update.version])
        }
    }

    /// Values that fit no answer are named.
    @Test func aChangeTooLongForAnAnswerIsToldWithoutItsValues() async throws {
        try await TestService.run(SampleService.definition) { service in
            let long = String(repeating: "x", count: 1_700_000)
            let made = try await service.create(Account(displayName: "a", description: long))
            try await service.update(Account(id: made.id, description: long + "y"), ["description"])
            let first = try await service.page(made.id)
            #expect(first.changes.map(\.version) == [2, 1])
            #expect(first.changes[0].changedFields == ["description"])
            #expect(first.changes[0].before == nil && first.changes[0].after == nil)
            #expect(first.changes[1].after?.description == long)
        }
    }
}

extension TestService {
    var schemaName: String { tenant.schema(definition.name).name }

    /// The changes of an account that a user is told.
    func history(
        _ id: String?, deleted: Bool? = nil, as user: UserID? = nil
    ) async throws -> [AccountHistoryEntry] {
        try await page(id, deleted: deleted, as: user).changes
    }

    /// A page of them.
    func page(
        _ id: String?, deleted: Bool? = nil, size: Int32? = nil, token: String? = nil, as user: UserID? = nil
    ) async throws -> ListAccountChangesResponse {
        try await accounts(as: user).listAccountChanges(
            ListAccountChangesRequest(id: id, showDeleted: deleted, pageSize: size, pageToken: token))
    }
}
