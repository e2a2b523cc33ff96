import AccessControl
import Contracts
import RPC
import SalesContracts
import Tenancy
import TestService
import Testing

@testable import Records
@testable import SalesService

/// Deals by fields of their accounts, which are the customer service's: by the rights on accounts, wherever they are asked for.
@Suite struct MirrorReadTests {
    private struct Office {
        /// Sees all deals, and accounts of his own only.
        let rep: UserID
        /// Sees all deals and accounts, but no regions.
        let blind: UserID
        /// Sees all deals and no accounts.
        let stranger: UserID
    }

    /// Deals a to f: of two accounts of the rep, one of somebody else, one that was deleted, one that is not in the mirror, and none.
    private func fill(_ sales: TestService) async throws -> Office {
        let deals: [(object: String, action: String, scope: Scope)] = [
            ("deal", "*", .all), ("stage", "read", .all), ("pipeline", "read", .all),
        ]
        let office = Office(
            rep: sales.makeUser(deals + [("account", "read", .own)]),
            blind: sales.makeUser(
                deals + [("account", "read", .all)],
                hiding: [("account", "region", .none), ("account", "industry", .masked)]),
            stranger: sales.makeUser(deals))
        let accounts = [
            MirroredAccount(name: "Beta", region: "Bayern", industry: "Beer", owner: office.rep),
            MirroredAccount(name: "acme", region: "Hessen", owner: office.rep),
            MirroredAccount(name: "Zeta", region: "Bayern", industry: "Cars", owner: sales.admin),
            MirroredAccount(name: "Gone", region: "Bayern", owner: office.rep, isDeleted: true),
        ]
        for (name, account) in zip(["a", "b", "c", "d"], accounts) {
            try await sales.deal(name, of: try await sales.mirror(account))
        }
        try await sales.deal("e", of: .make())
        try await sales.deal("f", of: nil)
        return office
    }

    private func names(
        _ sales: TestService, _ filter: String? = nil, by order: [String] = ["display_name"], as user: UserID? = nil
    ) async throws -> String {
        try await sales.list(Deal.self, filter, by: order, as: user).compactMap(\.displayName).joined()
    }

    @Test func filtersFollowTheAccountWithinItsScope() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            let cases: [(filter: String, all: String, own: String)] = [
                ("account.region = Bayern", "ac", "a"), ("account.region != Bayern", "bdef", "bcdef"),
                ("not (account.region = Bayern)", "bdef", "bcdef"), ("account.region is not set", "def", "cdef"),
                ("account.display_name ~ ETA", "ac", "a"), ("account.display_name < b", "b", "b"),
                ("account.industry in (Beer, Cars) or account.region = Hessen", "abc", "ab"),
                ("account.version = 1 and account_id is set", "abc", "ab"),
                ("account.owner_id = '\(office.rep.id.text)'", "ab", "ab"),
            ]
            for (filter, all, own) in cases {
                #expect(try await names(sales, filter) == all, "\(filter)")
                #expect(try await names(sales, filter, as: office.rep) == own, "\(filter) of his own")
            }
        }
    }

    @Test func theOrderIsThatOfTheAccountsWhichTheCallerSees() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            #expect(try await names(sales, by: ["account.display_name", "display_name"]) == "bacdef")
            #expect(try await names(sales, by: ["account.display_name desc", "display_name"]) == "cabdef")
            #expect(try await names(sales, by: ["account.display_name", "display_name"], as: office.rep) == "bacdef")
            #expect(
                try await names(sales, by: ["account.display_name desc", "display_name"], as: office.rep) == "abcdef")
            #expect(
                try await names(sales, by: ["account.region", "account.display_name desc", "display_name"]) == "cabdef")
            #expect(try await names(sales, by: ["display_name desc", "account.region"]) == "fedcba")
        }
    }

    /// Page by page, of any size and in either direction: each once, in the order of one page.
    @Test(arguments: [
        ["account.region"], ["account.region desc"], ["account.region", "account.display_name desc"], ["account.id"],
    ])
    func pagesGoOnInTheOrderOfTheAccounts(_ order: [String]) async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            for user in [sales.admin, office.rep] {
                let whole = try await names(sales, by: order, as: user)
                #expect(whole.count == 6)
                for size: Int32 in [1, 2, 5] {
                    var (paged, token, pages) = ("", String?.none, 0)
                    repeat {
                        let page = try await sales.deals(as: user).listDeals(
                            ListDealsRequest(orderBy: order, pageSize: size, pageToken: token))
                        paged += page.records.compactMap(\.displayName).joined()
                        (token, pages) = (page.nextPageToken, pages + 1)
                    } while token != nil && token != "" && pages < 10
                    #expect(paged == whole, "\(order) by \(size)")
                }
            }
        }
    }

    @Test func groupsAreThoseOfTheAccountsWhichTheCallerSees() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            func groups(as user: UserID) async throws -> [String] {
                let query = try await RecordQuery(
                    sales.engine, sales.context(DealServiceMethods.listDeals, as: user), reading: DealRecord.type)
                let deals = try await query.select(DealRecord.type)
                return try await query.answers(deals.groups(by: ["account.region"]))
                    .map { "\($0.text(0) ?? "none") \($0.count)" }
            }
            #expect(try await groups(as: sales.admin) == ["Bayern 2", "Hessen 1", "none 3"])
            #expect(try await groups(as: office.rep) == ["Bayern 1", "Hessen 1", "none 4"])
            #expect(try await denial { try await groups(as: office.blind) }.reason == "FIELD_NOT_READABLE")
            #expect(try await denial { try await groups(as: office.stranger) }.reason == "PERMISSION_MISSING")
        }
    }

    /// Whatever way the question goes, and whichever level hides the field.
    @Test func whatIsHiddenOfAccountsIsHiddenInQuestionsAboutDeals() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            for field in ["region", "industry"] {
                for filter in [
                    "account.\(field) = Bayern", "account.\(field) != x", "account.\(field) is set",
                    "not (account.\(field) = Bayern)", "display_name = z and account.\(field) = x",
                ] {
                    let error = try await denial { try await names(sales, filter, as: office.blind) }
                    #expect(error.code == .permissionDenied && error.reason == "FIELD_NOT_READABLE", "\(filter)")
                    let board = try await denial {
                        try await sales.deals(as: office.blind).getBoard(GetBoardRequest(filterExpression: filter))
                    }
                    #expect(board.code == .permissionDenied, "\(filter)")
                }
                let error = try await denial { try await names(sales, by: ["account.\(field)"], as: office.blind) }
                #expect(error.code == .permissionDenied && error.reason == "FIELD_NOT_READABLE", "\(field)")
            }
            #expect(try await names(sales, "account.display_name = Beta", as: office.blind) == "a")
            for (filter, order) in [("account.region = x", ["id"]), ("id is set", ["account.region"])] {
                let error = try await denial { try await names(sales, filter, by: order, as: office.stranger) }
                #expect(error.reason == "PERMISSION_MISSING" && error.details.first?.value == "account.read")
            }
            // Who may not see which account a deal has learns nothing by it.
            let aside = sales.makeUser(
                [("deal", "*", .all), ("account", "*", .all)], hiding: [("deal", "account_id", .masked)])
            for (filter, order) in [("account.region = x", ["id"]), ("id is set", ["account.region"])] {
                let error = try await denial { try await names(sales, filter, by: order, as: aside) }
                #expect(error.reason == "FIELD_NOT_READABLE" && error.details.first?.value == "account_id")
            }
        }
    }

    @Test func whatIsNotMirroredIsNoFieldAndAWatchIsRefused() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            for path in [
                "account.description", "account.external_id", "account.parent_account.region", "contact.email",
            ] {
                #expect(try await denial { try await names(sales, "\(path) = x") }.reason == "FILTER_FIELD_UNKNOWN")
                #expect(try await denial { try await names(sales, by: [path]) }.reason == "ORDER_INVALID")
            }
            for filter in ["account.region = Bayern", "display_name = a or not (account.region is set)"] {
                let error = try await denial {
                    let call = try await sales.deals(as: office.rep).watchDeals(
                        WatchDealsRequest(filterExpression: filter))
                    for try await _ in call { break }
                }
                #expect(error.code == .invalidArgument && error.reason == "FILTER_NOT_WATCHABLE", "\(error)")
            }
        }
    }

    /// The other ways in which deals are selected: the board, an export in the accounts' order, a change of many.
    @Test func allWhoSelectDealsFollowAccounts() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let office = try await fill(sales)
            let board = try await sales.deals(as: office.rep).getBoard(
                GetBoardRequest(filterExpression: "account.region = Bayern"))
            #expect(board.columns.compactMap(\.dealCount).reduce(0, +) == 1)
            var exported = ""
            let export = try await sales.deals().exportDeals(
                ExportDealsRequest(filterExpression: "account_id is set", orderBy: ["account.display_name desc", "id"]))
            for try await part in export { exported += part.records.compactMap(\.displayName).joined() }
            #expect(exported == "cabde" || exported == "cabed")
            let preview = try await sales.deals(as: office.rep).updateMatchingDeals(
                UpdateMatchingDealsRequest(
                    filterExpression: "account.region = Bayern", record: Deal(description: "x"),
                    updateMask: ["description"], preview: true))
            #expect(preview.count?.value == 1)
        }
    }

    /// No method and no batch reaches the mirror: it is no kind of record of this service.
    @Test func theMirrorIsNoKindOfRecord() async throws {
        try await TestService.run(SalesService.definition) { sales in
            #expect(sales.engine.type("account") == nil)
            #expect(sales.engine.mirror("account") === AccountMirror.type)
            let found = try await sales.engine.checkReferences(
                sales.context(DealServiceMethods.listDeals),
                [RecordReference(object: "account", id: try await sales.mirror(MirroredAccount(owner: sales.admin)))])
            #expect(found == [false])
        }
    }
}
