import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Wire

@testable import FilterModel
@testable import Records

/// The order of lists, compared with sorting in memory.
@Suite struct ListOrderTests {
    private static let names = [
        "Zebra", "ape", "Äpfel", "apfel", "Apfel", "zoo", "Éclair", "eclair", "北京", "10", "9", "Ωmega", "ß", "ss",
        "a-b", "ab", "上海", "重庆", "中国银行", "张三", "阿里巴巴", "Öl", "Ångström",
    ]

    private static func fill(_ service: TestService, count: Int, _ random: inout SystemRandomNumberGenerator)
        async throws
        -> [Account]
    {
        let accounts = (0..<count).map { _ in
            Account(
                displayName: names.randomElement(using: &random),
                city: Bool.random(using: &random) ? names.randomElement(using: &random) : nil,
                annualRevenue: Int.random(in: 0..<3, using: &random) == 0
                    ? nil : Money(currencyCode: "EUR", minorUnits: .random(in: 0..<4, using: &random)),
                followUpTime: Bool.random(using: &random)
                    ? nil : Timestamp(microseconds: .random(in: 0..<3, using: &random) * 1_000_000))
        }
        let response = try await service.batchCreate(accounts)
        return response.records
    }

    /// Sorted as lists promise: what is not set last, ties by the id in the direction of the last key.
    private static func sorted(_ accounts: [Account], by texts: [String], _ service: TestService) throws -> [String?] {
        let access = try #require(service.access(of: service.admin))
        let rights = FieldRights(SampleService.account, access.object("account"))
        let keys = try SortOrder(texts, of: SampleService.account, rights: rights).keys
        let records = accounts.map { (id: $0.id, message: $0.message(in: Arena())) }
        return records.sorted { one, other in
            for key in keys {
                switch (key.target.values(in: one.message).first, key.target.values(in: other.message).first) {
                case (nil, nil): continue
                case (nil, _?): return false
                case (_?, nil): return true
                case (let left?, let right?):
                    if left.isEqual(right) { continue }
                    if let order = key.textOrder, case .text(let one) = left, case .text(let other) = right {
                        return key.isDescending ? order.precedes(other, one) : order.precedes(one, other)
                    }
                    return key.isDescending ? right.isLess(than: left) : left.isLess(than: right)
                }
            }
            return false
        }.map(\.id)
    }

    @Test func pagesAreTheSortedRecordsCutUp() async throws {
        try await TestService.run(SampleService.definition) { service in
            var random = SystemRandomNumberGenerator()
            let all = try await ListOrderTests.fill(service, count: 60, &random)
            let paths = [
                "display_name", "city", "annual_revenue.minor_units", "annual_revenue.currency_code", "follow_up_time",
            ]
            let collations = [
                "", "", " collate pinyin", " collate stroke", " COLLATE sv", " collate root", " collate workspace",
            ]
            for round in 0..<60 {
                let order = paths.shuffled(using: &random).prefix(.random(in: 1...3, using: &random)).map { path in
                    let isText = ["display_name", "city"].contains(path)
                    let collation = isText ? collations.randomElement(using: &random) ?? "" : ""
                    return path + collation + (Bool.random(using: &random) ? "" : " desc")
                }
                let expected = try ListOrderTests.sorted(all, by: order, service)
                let size = Int32.random(in: 1...61, using: &random)
                var paged: [String?] = []
                var token: String?
                repeat {
                    let page = try await service.accounts().listAccounts(
                        ListAccountsRequest(orderBy: order, pageSize: size, pageToken: token))
                    paged += page.records.map(\.id)
                    token = page.nextPageToken
                } while token != nil && paged.count <= all.count
                #expect(paged == expected, "round \(round): \(order) by \(size)")
                if paged != expected { return }
            }
        }
    }

    /// The same names in every order that may be asked for; PostgreSQL knows them all, and sorts as memory does.
    @Test func everyOrderOfTextsIsThatOfMemory() async throws {
        try await TestService.run(SampleService.definition) { service in
            for name in Self.names { try await service.create(Account(displayName: name)) }
            for name in TextOrder.names {
                let order = try #require(TextOrder.named(name))
                let expected = Self.names.sorted(by: order.precedes)
                let found = try await service.list(Account.self, by: ["display_name collate \(name)"]).map(
                    \.displayName)
                #expect(found == expected, "\(name)")
            }
            let chinese = try await service.list(
                Account.self, "display_name >= '一'", by: ["display_name collate pinyin"])
            #expect(chinese.map(\.displayName) == ["阿里巴巴", "北京", "重庆", "上海", "张三", "中国银行"])
            service.set(WorkspaceSettings(timeZone: "Asia/Shanghai"))
            let local = try await service.list(
                Account.self, "display_name >= '一'", by: ["display_name collate workspace"])
            #expect(local.map(\.displayName) == chinese.map(\.displayName))
            // The order of a page goes on where it was, or not at all.
            let page = try await service.accounts().listAccounts(
                ListAccountsRequest(orderBy: ["display_name collate workspace"], pageSize: 3))
            service.set(WorkspaceSettings(timeZone: "Europe/Stockholm"))
            let moved = try await denial {
                try await service.accounts().listAccounts(
                    ListAccountsRequest(
                        orderBy: ["display_name collate workspace"], pageSize: 3, pageToken: page.nextPageToken))
            }
            #expect(moved.reason == "PAGE_TOKEN_INVALID")
            let first = try await service.accounts().listAccounts(
                ListAccountsRequest(orderBy: ["display_name collate pinyin"], pageSize: 3))
            let other = try await denial {
                try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: ["display_name"], pageSize: 3, pageToken: first.nextPageToken))
            }
            #expect(other.reason == "PAGE_TOKEN_INVALID")
        }
    }

    @Test func peopleFindWhatTheyLookFor() async throws {
        try await TestService.run(SampleService.definition) { service in
            for name in ["Zebra", "Äpfel", "ape", "apfel"] { try await service.create(Account(displayName: name)) }
            let up = try await service.accounts().listAccounts(ListAccountsRequest(orderBy: ["display_name"]))
            #expect(up.records.map(\.displayName) == ["ape", "apfel", "Äpfel", "Zebra"])
            // Comparing goes by the same order.
            let fromB = try await service.accounts().listAccounts(
                ListAccountsRequest(filterExpression: "display_name >= 'b'"))
            #expect(fromB.records.map(\.displayName) == ["Zebra"])
        }
    }

    @Test func theLargestComesFirstAndWhatHasNoAmountLast() async throws {
        try await TestService.run(SampleService.definition) { service in
            for amount in [nil, 5, 7] as [Int64?] {
                try await service.create(
                    Account(
                        displayName: "x", annualRevenue: amount.map { Money(currencyCode: "EUR", minorUnits: $0) }))
            }
            for (order, amounts) in [("desc", [7, 5, nil]), ("asc", [5, 7, nil])] as [(String, [Int64?])] {
                let list = try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: ["annual_revenue.minor_units \(order)"]))
                #expect(list.records.map { $0.annualRevenue?.minorUnits } == amounts)
            }
        }
    }
}
