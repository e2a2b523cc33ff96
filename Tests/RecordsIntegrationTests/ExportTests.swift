import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// What an export gives, to whom, and what the ledger says of it.
@Suite struct ExportTests {
    private typealias Response = ExportResponse<Account>

    private static func export(
        _ service: TestService, _ request: ExportAccountsRequest = ExportAccountsRequest(), as user: UserID? = nil
    ) async throws -> [Response] {
        var responses: [Response] = []
        for try await response in try await service.accounts(as: user).exportAccounts(request) {
            responses.append(response)
        }
        return responses
    }

    private static func exporter(
        _ service: TestService, read: Scope = .all, export: Scope = .all,
        hiding: [(object: String, field: String, level: FieldLevel)] = []
    ) -> UserID {
        service.makeUser([("account", "read", read), ("account", "export", export)], hiding: hiding)
    }

    /// Rows of the ledger about exports: state, count, user and filter.
    private static func told(_ service: TestService) async throws -> [String] {
        let rows = try await service.sql(
            """
            SELECT concat_ws(' ', after ->> 'object', after ->> 'state', after ->> 'record_count', actor_id,
                after -> 'request' ->> 'filter_expression')
            FROM {schema}.ledger WHERE object = 'export' ORDER BY position
            """)
        return try rows.map { try $0.string(0) }
    }

    private static func until(_ isTrue: () async throws -> Bool) async throws {
        let deadline = Deadline.after(.seconds(20))
        while try await !isTrue() { try #require(!deadline.isPast) }
    }

    @discardableResult private static func many(_ service: TestService, _ count: Int) async throws -> [String] {
        let text = String(repeating: "x", count: 900)
        let accounts = (0..<count).map { Account(displayName: "n\($0)", phone: "+49301234567", description: text) }
        return try await service.batchCreate(accounts).records.compactMap(\.id)
    }

    @Test func allRecordsComeOnceInOrderInSeveralMessages() async throws {
        try await TestService.run(SampleService.definition) { service in
            var ids = try await Self.many(service, 900)
            ids += try await Self.many(service, 900)
            let responses = try await Self.export(service, ExportAccountsRequest(orderBy: ["id"]))
            #expect(responses.flatMap(\.records).compactMap(\.id) == ids.sorted())
            #expect(responses.count > 6 && responses.last?.recordCount == 1_800)
            let tokens = responses.map { $0.resumeToken != nil }
            #expect(tokens == Array(repeating: true, count: responses.count - 1) + [false])
            let admin = service.admin
            let expected = ["account begun 0 \(admin)", "account complete 1800 \(admin)"]
            #expect(try await Self.told(service) == expected)
        }
    }

    @Test func anExportOfNothingIsOneEmptyMessage() async throws {
        try await TestService.run(SampleService.definition) { service in
            #expect(try await Self.export(service) == [Response(recordCount: 0)])
            let filter = "city = \"Rom\""
            _ = try await Self.export(service, ExportAccountsRequest(filterExpression: filter))
            let told = try await Self.told(service)
            #expect(told.last == "account complete 0 \(service.admin) city = …")
        }
    }

    /// Whose address it was is told to nobody who reads the ledger later, when that person may have been removed long ago.
    @Test func theLedgerKnowsByWhichFieldsAndNotByWhichValues() async throws {
        try await TestService.run(SampleService.definition) { service in
            let told = "(email = … or city in (…)) and not display_name ^= … and phone is set"
            let texts = ["email = \"eve@person.example\" or city in (Rom, 'Bad Tölz')", "display_name ^= Eve"]
            let expression = "(\(texts[0])) and not \(texts[1]) and phone is set"
            func comparison(_ field: String, _ by: ComparisonOperator, _ values: [String]) -> Filter {
                let values = values.map { Value(stringValue: $0) }
                return Filter(compare: Comparison(field: field, operator: by, values: values))
            }
            let some = [
                comparison("email", .equal, ["eve@person.example"]), comparison("city", .in, ["Rom", "Bad Tölz"]),
            ]
            let filter = Filter(
                all: FilterGroup(filters: [
                    Filter(any: FilterGroup(filters: some)),
                    Filter(not: comparison("display_name", .startsWith, ["Eve"])), comparison("phone", .isSet, []),
                ]))
            for request in [
                ExportAccountsRequest(filterExpression: expression), ExportAccountsRequest(filter: filter),
            ] {
                _ = try await Self.export(service, request)
                #expect(try await Self.told(service).last == "account complete 0 \(service.admin) \(told)")
            }
            let rows = try await service.sql(
                "SELECT count(*) FROM {schema}.ledger WHERE after::text ~* 'eve|rom|tölz' AND object = 'export'")
            #expect(try rows.one().int64(0) == 0)
        }
    }

    @Test func whoLacksARightExportsNothing() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 3)
            let reader = service.makeUser([("account", "read", .all)])
            let blind = service.makeUser([("account", "export", .all)])
            for user in [reader, blind] {
                let refused = try await refusal { _ = try await Self.export(service, as: user) }
                #expect(refused?.reason == "PERMISSION_MISSING")
            }
            let hidden = Self.exporter(service, hiding: [("account", "city", .none)])
            for request in [
                ExportAccountsRequest(filterExpression: "city = \"Rom\""), ExportAccountsRequest(orderBy: ["city"]),
            ] {
                let refused = try await refusal { _ = try await Self.export(service, request, as: hidden) }
                #expect(refused?.reason == "FIELD_NOT_READABLE")
            }
            #expect(try await Self.told(service) == [])
        }
    }

    @Test func bothRightsMustCoverARecordAndFieldsAreAsInLists() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 5)
            let own = Self.exporter(service, read: .all, export: .own)
            _ = try await service.create(Account(ownerID: own.id.text, displayName: "Mine"))
            let mine = try await Self.export(service, as: own).flatMap(\.records)
            #expect(mine.map(\.displayName) == ["Mine"])
            let narrow = Self.exporter(service, read: .own, export: .all)
            #expect(try await Self.export(service, as: narrow).flatMap(\.records).isEmpty)
            let policies: [(object: String, field: String, level: FieldLevel)] = [
                ("account", "phone", .masked), ("account", "description", .none),
            ]
            let masked = Self.exporter(service, hiding: policies)
            let exported = try await Self.export(service, ExportAccountsRequest(orderBy: ["id"]), as: masked)
            let listed = try await service.list(Account.self, by: ["id"], as: masked)
            #expect(exported.flatMap(\.records) == listed)
            #expect(listed.allSatisfy { $0.description == nil && $0.phone?.hasPrefix("+49") != true })
            let some = try await Self.export(service, ExportAccountsRequest(readMask: ["display_name"]))
            #expect(some.flatMap(\.records).allSatisfy { $0.phone == nil && $0.displayName != nil && $0.id != nil })
        }
    }

    @Test func rightsAreLookedUpAnewForEachPage() async throws {
        try await TestService.run(SampleService.definition) { service in
            for _ in 0..<6 { try await Self.many(service, 700) }
            let user = Self.exporter(service)
            let stream = try await service.accounts(as: user).exportAccounts(ExportAccountsRequest())
            let first = try #require(try await stream.next())
            #expect(first.records.allSatisfy { $0.description != nil })
            service.change(
                user, to: [("account", "read", .all), ("account", "export", .all)],
                hiding: [("account", "description", .none)])
            var count = first.records.count
            var hidden = 0
            while count < 1_500, let next = try await stream.next() {
                count += next.records.count
                hidden += next.records.count { $0.description == nil }
            }
            #expect(hidden > 0)
            service.change(user, to: [("account", "read", .all)])
            let refused = try await refusal { while let next = try await stream.next() { count += next.records.count } }
            #expect(refused?.reason == "PERMISSION_MISSING")
            #expect(count < 4_200)
            #expect(try await Self.told(service).last?.hasPrefix("account broken_off \(count) \(user)") == true)
        }
    }

    @Test func aTokenGoesOnWhereItWasGivenAndIsGoodForNothingElse() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 900)
            let user = Self.exporter(service)
            let request = ExportAccountsRequest(orderBy: ["display_name", "id"])
            let whole = try await Self.export(service, request, as: user).flatMap(\.records)
            let stream = try await service.accounts(as: user).exportAccounts(request)
            let first = try #require(try await stream.next())
            stream.cancel()
            var again = request
            again.resumeToken = first.resumeToken
            let rest = try await Self.export(service, again, as: user)
            #expect(first.records + rest.flatMap(\.records) == whole)
            #expect(rest.last?.recordCount == 900)
            var other = again
            other.filterExpression = "city = \"Rom\""
            let list = try await service.accounts(as: user).listAccounts(
                ListAccountsRequest(orderBy: request.orderBy, pageSize: 10))
            var listed = request
            listed.resumeToken = list.nextPageToken
            for (request, caller) in [(other, user), (again, service.admin), (listed, user)] {
                let refused = try await refusal { _ = try await Self.export(service, request, as: caller) }
                #expect(refused?.reason == "PAGE_TOKEN_INVALID")
            }
        }
    }

    /// In an order that no index has more is read at a time, which nobody sees.
    @Test func allRecordsComeOnceInAnOrderThatNoIndexHas() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = try await Self.many(service, 900) + Self.many(service, 900)
            for order in ["street", "street desc", "phone", "version"] {
                let responses = try await Self.export(service, ExportAccountsRequest(orderBy: [order, "id"]))
                #expect(responses.flatMap(\.records).compactMap(\.id) == ids.sorted())
                #expect(responses.last?.recordCount == 1_800)
            }
        }
    }

    @Test func aClientThatGoesAwayIsInTheLedger() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 900)
            let stream = try await service.accounts().exportAccounts(ExportAccountsRequest())
            let first = try #require(try await stream.next())
            stream.cancel()
            try await Self.until { try await Self.told(service).count == 2 }
            let told = try await Self.told(service)
            let count = Int(told.last?.split(separator: " ")[2] ?? "") ?? 0
            #expect(told.last?.contains("broken_off") == true && count >= first.records.count)
        }
    }

    /// Whoever does not read has his place no longer than a call lasts, and goes on with what he has read.
    @Test func aCallEndsThoughItsReaderDoesNotRead() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 900)
            let user = Self.exporter(service)
            let old = AccountServiceClient(channel: service.channel(as: user, age: .seconds(58)))
            let request = ExportAccountsRequest(orderBy: ["id"])
            let stalled = [try await old.exportAccounts(request), try await old.exportAccounts(request)]
            let first = try #require(try await stalled[0].next())
            try await Self.until { try await Self.told(service).count { $0.contains("broken_off") } == 2 }
            var read = first.records
            var token = first.resumeToken
            let ended = try await refusal {
                while let next = try await stalled[0].next() {
                    read += next.records
                    token = next.resumeToken
                }
            }
            #expect(ended?.reason == "ANSWER_NOT_TAKEN" && ended?.retryDelay != nil)
            var again = request
            again.resumeToken = token
            let rest = try await Self.export(service, again, as: user)
            let ids = (read + rest.flatMap(\.records)).compactMap(\.id)
            #expect(ids.count == 900 && ids == ids.sorted() && Set(ids).count == 900)
        }
    }

    @Test func onlySoManyRunAtATime() async throws {
        try await TestService.run(SampleService.definition) { service in
            try await Self.many(service, 900)
            var open: [ResponseStream<Response>] = []
            for user in [Self.exporter(service), Self.exporter(service)] {
                for _ in 0..<2 {
                    let stream = try await service.accounts(as: user).exportAccounts(ExportAccountsRequest())
                    _ = try await stream.next()
                    open.append(stream)
                }
                let refused = try await refusal { _ = try await Self.export(service, as: user) }
                #expect(refused?.reason == "EXPORTS_TOO_MANY")
                let details = refused?.details.map { "\($0.key) \($0.value)" }
                #expect(details == ["limit 2", "of user"])
            }
            let refused = try await refusal { _ = try await Self.export(service) }
            let details = refused?.details.map { "\($0.key) \($0.value)" }
            #expect(details == ["limit 4", "of workspace"])
            open[0].cancel()
            try await Self.until { try await refusal { _ = try await Self.export(service) } == nil }
            for stream in open { stream.cancel() }
        }
    }

    /// Consumers of the feed and histories know nothing of it.
    @Test func anExportIsNoChangeOfARecord() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = try await Self.many(service, 2)
            _ = try await Self.export(service)
            let rows = try await service.sql("SELECT count(*) FROM {schema}.ledger WHERE object = 'account'")
            #expect(try rows.one().int64(0) == 2)
            let answer = try await service.accounts().listAccountChanges(ListAccountChangesRequest(id: ids[0]))
            #expect(answer.changes.map(\.method) == ["create"])
        }
    }
}
