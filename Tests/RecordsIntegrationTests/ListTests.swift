import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import FilterModel
@testable import Records

@Suite struct ListTests {
    typealias Methods = AccountServiceMethods

    /// Accounts that share values and lack some, so that every tie and every NULL occurs.
    static func fill(_ service: TestService, count: Int) async throws -> [Account] {
        var accounts: [Account] = []
        for number in 0..<count {
            let cities: [String?] = [nil, "Rom", "Bonn", "北京", ""]
            accounts.append(
                Account(
                    displayName: "n\(number % 4)", city: cities[number % 5],
                    annualRevenue: number % 3 == 0
                        ? nil : Money(currencyCode: "EUR", minorUnits: Int64(number % 2)),
                    followUpTime: number % 7 < 3
                        ? nil : Timestamp(microseconds: Int64(number % 7) * 1_000_000)))
        }
        let response = try await service.batchCreate(accounts)
        return response.records
    }

    /// More rows than could be in memory at once if they were as long as they may be.
    @Test func longPagesAreWhole() async throws {
        try await TestService.run(SampleService.definition) { service in
            let count = 2 * SampleService.account.rowsAtOnce + 50
            #expect(SampleService.account.rowsAtOnce < 400 && count <= 1000)
            let all = try await ListTests.fill(service, count: count).compactMap(\.id)
            for order in [["id"], ["city", "id"], ["annual_revenue.minor_units desc", "id"]] {
                let whole = try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: order, pageSize: 1000, includeCount: true))
                #expect(whole.records.count == count && whole.nextPageToken == nil)
                #expect(whole.count?.value == Int64(count))
                #expect(Set(whole.records.compactMap(\.id)) == Set(all))
                var paged: [String] = []
                var token: String?
                repeat {
                    let page = try await service.accounts().listAccounts(
                        ListAccountsRequest(orderBy: order, pageSize: Int32(count / 2 + 1), pageToken: token))
                    paged += page.records.compactMap(\.id)
                    token = page.nextPageToken
                } while token != nil
                #expect(paged == whole.records.compactMap(\.id))
            }
            let strangers = [RecordID.make().text, RecordID.make().text]
            let wanted = [strangers[0]] + all.reversed() + [strangers[1]]
            let batch = try await service.accounts().batchGetAccounts(BatchGetAccountsRequest(ids: wanted))
            #expect(batch.records.compactMap(\.id) == all.reversed() && batch.missingIDs == strangers)
        }
    }

    /// PostgreSQL gives no more than may be in memory, so that a page ends there although little of it goes out.
    @Test(arguments: [["id"], ["display_name desc"], ["city", "id"]])
    func pagesOfMoreThanMayBeInMemoryEndEarly(_ order: [String]) async throws {
        try await TestService.run(SampleService.definition) { service in
            let all = try await AnswerSizeTests().fill(service, count: 250).compactMap(\.id)
            var (pages, token): ([[String]], String?) = ([], nil)
            repeat {
                let page = try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: order, pageSize: 1000, pageToken: token, readMask: ["display_name"]))
                pages.append(page.records.compactMap(\.id))
                token = page.nextPageToken
            } while token != nil
            #expect(pages.count == 3 && pages.allSatisfy { $0.count < 100 })
            #expect(pages.flatMap(\.self).count == all.count && Set(pages.flatMap(\.self)) == Set(all))
        }
    }

    /// Texts of which a reader sees a mask are short on the wire, so that no limit of a page ends it; they must not pile up before.
    @Test func maskedTextsAreGivenBackRecordByRecord() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = try await AnswerSizeTests().fill(service, count: 60).compactMap(\.id)
            let reader = service.makeUser([("account", "read", .all)], hiding: [("account", "description", .masked)])
            let (list, batchGet) = (AccountServiceMethods.listAccounts, AccountServiceMethods.batchGetAccounts)
            let listing = service.context(list, as: reader)
            let page = try await ListMethod(service.engine, MethodShape(method: list, type: SampleService.account))
                .answer(ListAccountsRequest(pageSize: 100).message(in: listing.arena), listing)
            let records = try ListAccountsResponse(decoding: page).records
            #expect(records.count == 60 && records.allSatisfy { ($0.description?.utf8.count ?? 0) < 20 })
            #expect(listing.arena.usedBytes < 250_000)
            let getting = service.context(batchGet, as: reader)
            _ = try await BatchGetMethod(service.engine, MethodShape(method: batchGet, type: SampleService.account))
                .answer(BatchGetAccountsRequest(ids: ids).message(in: getting.arena), getting)
            #expect(getting.arena.usedBytes < 250_000)
        }
    }

    @Test func pagesHoldEveryRecordOnceInEveryOrder() async throws {
        try await TestService.run(SampleService.definition) { service in
            let all = try await ListTests.fill(service, count: 40)
            let orders: [[String]] = [
                [], ["city"], ["city desc"], ["city", "display_name desc"], ["display_name desc", "city"],
                ["annual_revenue.minor_units desc", "follow_up_time", "city"], ["id"],
                ["follow_up_time desc", "id desc"],
                ["create_time"], ["display_name", "create_time"],
            ]
            for order in orders {
                let whole = try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: order, pageSize: 1000))
                #expect(whole.nextPageToken == nil && whole.records.count == all.count)
                for size in [1, 7, 39, 40] as [Int32] {
                    var paged: [Account] = []
                    var token: String?
                    repeat {
                        let page = try await service.accounts().listAccounts(
                            ListAccountsRequest(orderBy: order, pageSize: size, pageToken: token))
                        paged += page.records
                        token = page.nextPageToken
                    } while token != nil && paged.count <= all.count
                    #expect(paged == whole.records, "\(order) by \(size)")
                }
            }
        }
    }

    @Test func newestComeFirst() async throws {
        try await TestService.run(SampleService.definition) { service in
            let first = try await service.create(Account(displayName: "1"))
            let second = try await service.create(Account(displayName: "2"))
            #expect(try await service.list(Account.self) == [second, first])
        }
    }

    @Test func tokensBelongToTheirList() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            _ = try await ListTests.fill(service, count: 5)
            let page = try await service.accounts().listAccounts(ListAccountsRequest(orderBy: ["city"], pageSize: 2))
            let token = try #require(page.nextPageToken)
            let wrong = [
                ListAccountsRequest(orderBy: ["city desc"], pageToken: token),
                ListAccountsRequest(pageToken: token),
                ListAccountsRequest(filterExpression: "city is set", orderBy: ["city"], pageToken: token),
                ListAccountsRequest(orderBy: ["city"], pageToken: token, showDeleted: true),
                ListAccountsRequest(orderBy: ["city"], pageToken: "x" + token),
            ]
            for request in wrong {
                let error = try await denial { try await service.accounts().listAccounts(request) }
                #expect(error.code == .invalidArgument && error.reason == "PAGE_TOKEN_INVALID")
            }
            let stranger = try await denial {
                try await service.accounts(as: people.reader).listAccounts(
                    ListAccountsRequest(orderBy: ["city"], pageToken: token))
            }
            #expect(stranger.reason == "PAGE_TOKEN_INVALID")
            // The size of the page and the fields may change on the way.
            _ = try await service.accounts().listAccounts(
                ListAccountsRequest(orderBy: ["city"], pageSize: 1, pageToken: token, readMask: ["city"]))
        }
    }

    @Test func wrongRequestsAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let filter = Filter(compare: Comparison(field: "city", operator: .isSet))
            for (request, reason) in [
                (ListAccountsRequest(pageSize: 0), "PAGE_SIZE_INVALID"),
                (ListAccountsRequest(pageSize: 1001), "PAGE_SIZE_INVALID"),
                (ListAccountsRequest(filterExpression: "city = "), "FILTER_SYNTAX"),
                (ListAccountsRequest(filterExpression: "towns = 1"), "FILTER_FIELD_UNKNOWN"),
                (ListAccountsRequest(filter: filter, filterExpression: "city is set"), "FILTER_MALFORMED"),
                (ListAccountsRequest(readMask: ["towns"]), "FIELD_UNKNOWN"),
                (ListAccountsRequest(orderBy: ["towns"]), "ORDER_INVALID"),
            ] {
                let error = try await denial { try await service.accounts().listAccounts(request) }
                #expect(error.code == .invalidArgument && error.reason == reason, "\(reason)")
            }
        }
    }

    @Test func masksAndDeletedAndCounts() async throws {
        try await TestService.run(SampleService.definition) { service in
            let all = try await ListTests.fill(service, count: 6)
            try await service.delete(all[0])
            let page = try await service.accounts().listAccounts(
                ListAccountsRequest(pageSize: 2, readMask: ["display_name"], includeCount: true))
            #expect(page.count?.value == 5 && page.count?.estimated == false && page.records.count == 2)
            let first = try #require(page.records.first)
            #expect(first.id != nil && first.version == 1 && first.displayName != nil && first.createTime == nil)
            let shown = try await service.accounts().listAccounts(
                ListAccountsRequest(includeCount: true, showDeleted: true))
            #expect(shown.count?.value == 6 && shown.records.count == 6)
        }
    }

    @Test func countsBeyondTenThousandAreEstimates() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let fill = Statement(
                """
                INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name) \
                SELECT gen_random_uuid(), 1, $1, $1, $2, 'n' || number FROM generate_series(1, 12000) AS number
                """)
            var parameters = Parameters()
            parameters.append(Timestamp.now())
            parameters.append(people.admin.id)
            _ = try await service.database.batch(
                service.tenant.actor, deadline: TestPostgres.deadline(), [(fill, parameters)])
            let list = try await service.accounts().listAccounts(ListAccountsRequest(pageSize: 1, includeCount: true))
            #expect(list.count?.estimated == true && (list.count?.value ?? 0) > 10_000)
            let few = try await service.accounts().listAccounts(
                ListAccountsRequest(
                    filterExpression: "display_name ^= n1199", pageSize: 1, includeCount: true))
            #expect(few.count?.estimated == false && few.count?.value == 11)
        }
    }
}

/// Filters in SQL and in memory must agree, whatever the filter.
@Suite struct FilterAgreementTests {
    @Test func sqlAndMemoryAgree() async throws {
        try await TestService.run(SampleService.definition) { service in
            let records = try await FilterAgreementTests.records(service)
            var random = SystemRandomNumberGenerator()
            for round in 0..<400 {
                let text = FilterAgreementTests.filter(depth: 3, &random)
                let resolver = FilterResolver(
                    type: SampleService.contact,
                    rights: FieldRights(SampleService.contact, FilterAgreementTests.access(service)))
                let filter = try resolver.resolve(FilterParser.parse(text))
                let expected = Set(
                    records.filter { filter.matches($0.message(in: Arena())) }.compactMap(\.id))
                let found = try await ContactServiceClient(channel: service.channel()).listContacts(
                    ListContactsRequest(filterExpression: text, pageSize: 1000))
                let ids = Set(found.records.compactMap(\.id))
                #expect(ids == expected, "round \(round): \(text)")
                if ids != expected { return }
            }
        }
    }

    /// The same for amounts of several currencies.
    @Test func sqlAndMemoryAgreeAboutMoney() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let units: [Int64?] = [nil, 0, 1, 99, 100, 101, 1250, Int64.max]
            let codes = ["EUR", "JPY", "KWD"]
            var accounts: [Account] = []
            for unit in units {
                for code in codes {
                    let revenue = unit.map { Money(currencyCode: code, minorUnits: $0) }
                    accounts.append(try await service.create(Account(displayName: "a", annualRevenue: revenue)))
                }
            }
            let context = service.context(AccountServiceMethods.listAccounts, as: people.admin)
            let call = try await service.engine.authorise(context, SampleService.account, .read)
            for round in 0..<200 {
                let text = FilterAgreementTests.moneyFilter(depth: 2)
                let filter = try #require(try service.engine.resolve(FilterParser.parse(text), call))
                let expected = Set(accounts.filter { filter.matches($0.message(in: Arena())) }.compactMap(\.id))
                let found = try await service.accounts().listAccounts(
                    ListAccountsRequest(filterExpression: text, pageSize: 1000))
                #expect(Set(found.records.compactMap(\.id)) == expected, "round \(round): \(text)")
            }
        }
    }

    private static func moneyFilter(depth: Int) -> String {
        switch depth > 0 ? Int.random(in: 0..<5) : 4 {
        case 0: return "not (\(moneyFilter(depth: depth - 1)))"
        case 1: return "(\(moneyFilter(depth: depth - 1)) and \(moneyFilter(depth: depth - 1)))"
        case 2: return "(\(moneyFilter(depth: depth - 1)) or \(moneyFilter(depth: depth - 1)))"
        default:
            let amounts = ["0 EUR", "1.00 EUR", "12,50 €", "1.01 EUR", "100 JPY", "99 JPY", "0.100 KWD", "1.250 KWD"]
            func amount() -> String { "'\(amounts.randomElement() ?? "")'" }
            return [
                "annual_revenue \(["=", "!=", "<", "<=", ">", ">="].randomElement() ?? "") \(amount())",
                "annual_revenue in (\(amount()), \(amount()))", "annual_revenue not in (\(amount()))",
                "annual_revenue is set", "annual_revenue.currency_code = EUR", "annual_revenue.minor_units > 99",
            ].randomElement() ?? ""
        }
    }

    private static func access(_ service: TestService) -> ObjectAccess {
        guard let access = service.access(of: service.admin) else {
            preconditionFailure("the admin is known")
        }
        return access.object("contact")
    }

    private static let texts = [
        "a", "A", "ab", "aB%", "a_b", "a\\", "%", "É", "é", "e\u{301}", "ß", "SS", "İ", "i", "I", "ı",
        "ΑΣ", "ας", "北京",
        "北", "z", "Z", "~", "ǅ", "ǆ", "\u{1E9E}", "京a", "x\"b\"北", "b\\北",
    ]
    private static let days = ["1985-02-28", "2000-01-01", "1900-12-31"]
    private static let times = [
        "2026-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2026-01-01T00:00:00.000001Z",
    ]

    private static func records(_ service: TestService) async throws -> [Contact] {
        var contacts: [Contact] = []
        for number in 0..<120 {
            let points = (0..<number % 4).map { index in
                ContactPoint(
                    kind: ContactPointKind(rawValue: Int32(1 + (number + index) % 4)),
                    value: "v" + texts[(number * 7 + index) % texts.count],
                    label: (number + index) % 3 == 0 ? nil : texts[(number + index) % texts.count],
                    primary: (number + index) % 5 == 0 ? nil : (number + index) % 2 == 0)
            }
            contacts.append(
                Contact(
                    givenName: texts[number % texts.count],
                    familyName: number % 3 == 0 ? nil : texts[(number * 5) % texts.count],
                    birthDate: number % 4 == 0 ? nil : days[number % 3], contactPoints: points,
                    followUpTime: number % 4 == 1 ? nil : Timestamp(times[number % 3])))
        }
        let response = try await service.batchCreate(contacts)
        #expect(response.records.count == contacts.count)
        return response.records
    }

    private static func filter(depth: Int, _ random: inout SystemRandomNumberGenerator) -> String {
        switch depth > 0 ? Int.random(in: 0..<6, using: &random) : 5 {
        case 0: return "not (\(filter(depth: depth - 1, &random)))"
        case 1: return "(\(filter(depth: depth - 1, &random)) and \(filter(depth: depth - 1, &random)))"
        case 2: return "(\(filter(depth: depth - 1, &random)) or \(filter(depth: depth - 1, &random)))"
        default: return comparison(&random)
        }
    }

    private static func comparison(_ random: inout SystemRandomNumberGenerator) -> String {
        func pick(_ values: [String]) -> String { values.randomElement(using: &random) ?? "" }
        func quoted() -> String { "'\(pick(texts + ["", " ", "\u{3000}a\u{200b}"]).replacing("\\", with: "\\\\"))'" }
        let ordered = ["=", "!=", "<", "<=", ">", ">="]
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            let name = pick(["given_name", "family_name", "contact_points.value", "contact_points.label"])
            return "\(name) \(pick(ordered + ["~", "^="])) \(quoted())"
        case 1: return "\(pick(["given_name", "contact_points.label"])) in (\(quoted()), \(quoted()))"
        case 2: return "birth_date \(pick(ordered)) \(pick(days))"
        case 3: return "follow_up_time \(pick(ordered)) \(pick(times))"
        case 4:
            return
                "contact_points.kind \(pick(["=", "!="])) \(pick(["email", "phone", "CONTACT_POINT_KIND_SOCIAL"]))"
        case 5: return "contact_points.primary \(pick(["=", "!="])) \(pick(["true", "false"]))"
        case 6: return "birth_date in (\(pick(days)), \(pick(days)))"
        default:
            let names = [
                "family_name", "birth_date", "contact_points", "contact_points.label",
                "contact_points.primary",
            ]
            return "\(pick(names)) is \(pick(["", "not "]))set"
        }
    }
}
