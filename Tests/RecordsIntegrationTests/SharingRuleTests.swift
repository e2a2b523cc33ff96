import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

private typealias PolicySharingRule = AccessControl.PolicySharingRule

/// What a sharing rule selects is there for whom it shares with, by every way, as long as it selects it and is in force.
@Suite struct SharingRuleTests {
    fileprivate static func rule(
        _ filter: String, with subjects: [ShareSubject], writing: Bool = false, until end: Timestamp? = nil,
        isEnabled: Bool = true, selection: RecordID = .make(), of object: String = "account"
    ) -> PolicySharingRule {
        PolicySharingRule(
            id: .make(), selection: selection, object: object, filter: filter, isEnabled: isEnabled,
            shares: subjects.map { Share($0, allowsWriting: writing, end: end) })
    }

    private static let purpose = Purpose(
        "apply_sharing_rules", needs: "account.read", "account.update", "contact.read", "contact.update",
        "activity.read",
        "activity.update")

    static func keeper(_ service: TestService) -> SharingKeeper {
        SharingKeeper(
            service.engine, doing: service.sharing.shareRecord, for: purpose, logger: service.postgres.logger)
    }

    /// Looks through all records.
    static func settle(_ service: TestService, _ keeper: SharingKeeper? = nil) async throws {
        let keeper = keeper ?? Self.keeper(service)
        while try await keeper.step(service.tenant.id, deadline: .after(.seconds(8))) {}
    }

    @Test func aRuleCountsForEverythingThatReads() async throws {
        try await SharingTests.run { service in
            let (owner, other, stranger) = (
                SharingTests.rep(service), SharingTests.rep(service), SharingTests.rep(service)
            )
            service.set(rules: [Self.rule("city = Rom", with: [.user(other)])])
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            _ = try await service.create(Account(displayName: "Elsewhere", city: "Ulm"), as: owner)
            func seen(by user: UserID) async throws -> [Bool] {
                let client = service.accounts(as: user)
                let counted = try await client.listAccounts(ListAccountsRequest(pageSize: 1, includeCount: true))
                let exported = try await client.exportAccounts(ExportAccountsRequest()).next()?.records ?? []
                let found = try await client.batchGetAccounts(BatchGetAccountsRequest(ids: [account.id ?? ""]))
                return [
                    try await refusal { try await service.get(account, as: user) } == nil,
                    try await service.list(Account.self, as: user).map(\.id) == [account.id],
                    counted.count?.value == 1, exported.map(\.id) == [account.id], found.records.count == 1,
                    try await refusal {
                        try await service.create(Activity(kind: .note, subject: "n", accountID: account.id), as: user)
                    } == nil,
                    try await service.list(Activity.self, "account.city = Rom", as: user).isEmpty == false,
                ]
            }
            try await service.create(Activity(kind: .note, subject: "n", accountID: account.id))
            let all = Array(repeating: true, count: 7)
            let others = try await (seen(by: other), seen(by: stranger))
            #expect(others.0 == all)
            #expect(!others.1.contains(true))
            let update = Account(id: account.id, city: "Rom", region: "Latium")
            let refused = try await denial { try await service.update(update, as: other) }
            #expect(refused.reason == "RECORD_OUT_OF_SCOPE")
            // Another version of the policy, and it is over; another, and it is for writing.
            service.set(rules: [])
            let without = try await seen(by: other)
            #expect(!without.contains(true))
        }
    }

    @Test func aRuleForWritingChangesAndNoMore() async throws {
        try await SharingTests.run { service in
            let (owner, writer) = (SharingTests.rep(service), SharingTests.rep(service))
            let rule = Self.rule("city = Rom", with: [.user(writer)], writing: true)
            service.set(rules: [rule])
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            try await service.update(Account(id: account.id, region: "Latium"), as: writer)
            let refused = [
                try await denial {
                    try await service.update(Account(id: account.id, ownerID: writer.id.text), as: writer)
                },
                try await denial { try await service.delete(account, as: writer) },
                try await denial {
                    try await service.share("account", account.id, RecordShare(with: writer, .write), as: writer)
                },
            ].map(\.reason)
            #expect(refused == Array(repeating: "RECORD_OUT_OF_SCOPE", count: 3))
            let (his, hers) = try await (
                service.explain("account", account.id, as: writer), service.explain("account", account.id, as: owner)
            )
            #expect(his["update"]?.allowed == true && his["update"]?.sharingRuleIDs == [rule.id.text])
            #expect(his["delete"]?.allowed == false && his["delete"]?.sharingRuleIDs == [])
            #expect(hers["update"]?.sharingRuleIDs == [])
            // Nobody writes himself into a selection.
            let own = try await service.create(
                Account(sharingSelectionIDs: [rule.selection.text], displayName: "Own"), as: writer)
            #expect(own.sharingSelectionIDs.isEmpty)
            let sent = Account(id: own.id, sharingSelectionIDs: [rule.selection.text])
            let error = try await refusal {
                try await service.update(sent, ["sharing_selection_ids"], as: writer)
            }
            let after = try await service.get(own).sharingSelectionIDs
            #expect(after.isEmpty, "\(error as Any)")
            // He moves it out of the rule, and has lost it with that.
            try await service.update(Account(id: account.id, city: "Ulm"), as: writer)
            let lost = try await denial { try await service.get(account, as: writer) }
            #expect(lost.reason == "RECORD_NOT_FOUND")
        }
    }

    @Test func aRuleIsInForceUntilItIsNot() async throws {
        try await SharingTests.run { service in
            let (top, reader) = (service.makeDepartment(), SharingTests.rep(service))
            let member = SharingTests.rep(service, in: service.makeDepartment(under: top))
            let role = try #require(service.role(of: reader))
            let selection = RecordID.make()
            func rule(
                _ subjects: [ShareSubject], until end: Timestamp? = nil, isEnabled: Bool = true
            ) -> PolicySharingRule {
                Self.rule("city = Rom", with: subjects, until: end, isEnabled: isEnabled, selection: selection)
            }
            service.set(rules: [rule([.role(role), .unit(top, includingBelow: true)])])
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"))
            func readers() async throws -> [Bool] {
                var seen: [Bool] = []
                for user in [reader, member] {
                    seen.append(try await refusal { try await service.get(account, as: user) } == nil)
                }
                return seen
            }
            var seen = [try await readers()]
            let subjects: [ShareSubject] = [.role(role), .unit(top, includingBelow: true)]
            for rule in [
                rule([.role(role)]), rule(subjects, isEnabled: false),
                rule(subjects, until: .now().advanced(by: .seconds(-1))),
                rule(subjects, until: .now().advanced(by: .seconds(900))),
                // A filter that is another one selects anew: nothing of what the other did.
                Self.rule("city = Ulm", with: subjects),
            ] {
                service.set(rules: [rule])
                seen.append(try await readers())
            }
            #expect(
                seen == [
                    [true, true], [true, false], [false, false], [false, false], [true, true], [false, false],
                ])
        }
    }

    @Test func whatIsThereIsLookedThroughAndAWatcherIsTold() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (SharingTests.rep(service), SharingTests.rep(service))
            let (made, _) = try await service.batchCreate(
                (0..<130).map { Account(displayName: "a\($0)", city: $0 % 2 == 0 ? "罗马" : "Ulm") }, as: service.admin)
            let rule = Self.rule("city = 罗马", with: [.user(other)])
            service.set(rules: [rule])
            let before = try await service.list(Account.self, as: other).count
            let watch = try await service.accounts(as: other).watchAccounts(WatchAccountsRequest())
            var told: Set<String> = []
            let keeper = Self.keeper(service)
            try await Self.settle(service, keeper)
            while told.count < 65 { told.formUnion(try await watch.next()?.records.compactMap(\.id) ?? []) }
            let wanted = Set(made.filter { $0.city == "罗马" }.compactMap(\.id))
            let seen = Set(
                try await service.accounts(as: other).listAccounts(ListAccountsRequest(pageSize: 200)).records
                    .compactMap(
                        \.id))
            #expect(before == 0 && told == wanted && seen == wanted)
            // It leaves the rule, and is gone; it comes into it, and is there.
            let (first, second) = (made[0], made[1])
            try await service.update(Account(id: first.id, city: "Ulm"), as: service.admin)
            let gone = try await denial { try await service.get(first, as: other) }.reason
            var left: [String] = []
            while left.isEmpty { left += try await watch.next()?.goneIDs ?? [] }
            #expect(gone == "RECORD_NOT_FOUND" && left == [first.id])
            try await service.update(Account(id: second.id, city: "罗马"), as: service.admin)
            told = []
            while told.isEmpty { told.formUnion(try await watch.next()?.records.compactMap(\.id) ?? []) }
            #expect(told == [second.id ?? ""])
            _ = owner
            let progress: ListSharingProgressResponse = try await service.channel().call(
                service.sharing.listSharingProgress, ListSharingProgressRequest(), CallOptions())
            #expect(progress.progress.map(\.object) == ["account"] && progress.progress[0].complete == true)
            #expect(progress.progress[0].selectionIDs == [rule.selection.text])
            let refused = try await denial {
                let _: ListSharingProgressResponse = try await service.channel(as: other).call(
                    service.sharing.listSharingProgress, ListSharingProgressRequest(), CallOptions())
            }
            #expect(refused.reason == "PERMISSION_MISSING")
            // Nothing is changed twice.
            let versions = try await service.number("SELECT sum(version)::bigint FROM {schema}.accounts")
            try await Self.settle(service)
            let later = try await service.number("SELECT sum(version)::bigint FROM {schema}.accounts")
            #expect(later == versions)
        }
    }

    /// Nothing is written and no policy comes when a rule's time is over.
    @Test func aWatcherIsToldThatTheTimeOfARuleIsOver() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (SharingTests.rep(service), SharingTests.rep(service))
            service.set(rules: [
                Self.rule("city = Rom", with: [.user(other)], until: .now().advanced(by: .seconds(2))),
                Self.rule("city = Ulm", with: [.user(other)], until: .now().advanced(by: .seconds(900))),
            ])
            let rom = try await service.create(Account(displayName: "a", city: "Rom"), as: owner)
            let ulm = try await service.create(Account(displayName: "b", city: "Ulm"), as: owner)
            let watch = try await service.accounts(as: other).watchAccounts(WatchAccountsRequest())
            var told: Set<String> = []
            while told.count < 2 { told.formUnion(try await watch.next()?.records.compactMap(\.id) ?? []) }
            #expect(told == [rom.id ?? "", ulm.id ?? ""])
            var isReset = false
            while !isReset { isReset = try #require(try await watch.next()).reset == true }
            told = []
            while told.isEmpty { told.formUnion(try #require(try await watch.next()).records.compactMap(\.id)) }
            #expect(told == [ulm.id ?? ""])
        }
    }

    @Test func aFilterThatDoesNotFitSelectsNothing() async throws {
        try await SharingTests.run { service in
            let other = SharingTests.rep(service)
            let unfit = [
                "nonsense = 1", "city < 5 and", "parent_account.city = Rom", "tag_ids is set", "version > 0",
                "owner_id = me", "shares is set", "annual_revenue > 5",
            ].map { Self.rule($0, with: [.user(other)]) }
            service.set(rules: unfit + [Self.rule("city = Rom", with: [.user(other)])])
            let (inside, outside) = (
                try await service.create(Account(displayName: "In", city: "Rom")),
                try await service.create(Account(displayName: "Out", city: "Ulm"))
            )
            try await Self.settle(service)
            #expect(try await service.list(Account.self, as: other).map(\.id) == [inside.id])
            let refused = try await denial { try await service.get(outside, as: other) }
            let progress: ListSharingProgressResponse = try await service.channel().call(
                service.sharing.listSharingProgress, ListSharingProgressRequest(), CallOptions())
            #expect(refused.reason == "RECORD_NOT_FOUND")
            #expect(Set(progress.progress[0].unusableSelectionIDs) == Set(unfit.map(\.selection.text)))
        }
    }

    /// Rules and lists mean the same by a filter, whichever way a record came to its values; the predicate in memory and the one in SQL are the same.
    @Test func aRuleSelectsWhatAListWithItsFilterGives() async throws {
        try await SharingTests.run { service in
            let filters = [
                "city = Rom", #"city ~ "o" and annual_revenue >= "5 EUR""#, "city is set and not region = 钢铁",
                "region ^= 钢", "annual_revenue.minor_units < 700 or city in (Ulm, Köln)", "custom.size > 2",
                "custom.branch in (A, B) and city != Rom", "not custom.branch is set", #"display_name >= "m""#,
            ]
            service.set([
                TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber),
                TenantField(object: "account", number: 2, name: "branch", kind: .text),
            ])
            let users = filters.map { _ in service.makeUser([("account", "read", .own), ("account", "update", .own)]) }
            let rules = zip(filters, users).enumerated().map {
                Self.rule($1.0, with: [.user($1.1)], writing: $0 % 2 == 0)
            }
            var random = SystemRandomNumberGenerator()
            func account(_ number: Int) -> Account {
                let city = ["Rom", "Ulm", "Köln", nil].randomElement(using: &random) ?? nil
                let region = ["钢铁", "钢琴", "Steel", nil].randomElement(using: &random) ?? nil
                var account = Account(displayName: "\(["a", "M", "z"].randomElement(using: &random) ?? "")\(number)")
                (account.city, account.region) = (city, region)
                if Bool.random(using: &random) {
                    account.annualRevenue = Money(
                        currencyCode: "EUR", minorUnits: .random(in: 0...1_000, using: &random))
                }
                if Bool.random(using: &random) {
                    account.customFields.append(CustomField(name: "size", intValue: .random(in: 0...4, using: &random)))
                }
                if Bool.random(using: &random) {
                    account.customFields.append(
                        CustomField(name: "branch", stringValue: ["A", "B", "C"].randomElement(using: &random) ?? ""))
                }
                return account
            }
            func check(_ when: String) async throws {
                for (rule, user) in zip(rules, users) {
                    let wanted = try await service.accounts().listAccounts(
                        ListAccountsRequest(filterExpression: rule.filter, pageSize: 1_000, includeCount: true))
                    let seen = try await service.accounts(as: user).listAccounts(
                        ListAccountsRequest(pageSize: 1_000, includeCount: true))
                    let ids = Set(wanted.records.compactMap(\.id))
                    #expect(Set(seen.records.compactMap(\.id)) == ids, "\(when): \(rule.filter)")
                    #expect(seen.count?.value == Int64(ids.count))
                    guard when == "at the end" else { continue }
                    let all = try await service.accounts().listAccounts(ListAccountsRequest(pageSize: 1_000)).records
                    for one in all.prefix(12) {
                        let error = try await refusal {
                            try await service.update(Account(id: one.id, description: "by \(user)"), as: user)
                        }
                        let mayWrite = rule == rules[0] || rules.firstIndex(of: rule).map { $0 % 2 == 0 } ?? false
                        #expect((error == nil) == (mayWrite && ids.contains(one.id ?? "")), "\(rule.filter)")
                    }
                }
            }
            // Those of before the rules, those that come one by one, and many at once.
            let old = try await service.batchCreate((0..<60).map(account)).records
            service.set(rules: rules)
            try await Self.settle(service)
            try await check("looked through")
            for number in 60..<80 { try await service.create(account(number)) }
            try await service.batchCreate((80..<120).map(account))
            try await check("created")
            for one in old.prefix(30) {
                var edited = account(500)
                edited.id = one.id
                try await service.update(edited, ["city", "region", "annual_revenue", "custom_fields"])
            }
            try await service.batchUpdate(
                old.suffix(20).map { old in
                    var edited = account(600)
                    edited.id = old.id
                    return UpdateRequest(record: edited, updateMask: ["city", "region"])
                })
            for one in old.prefix(5) { try await service.delete(one) }
            try await check("changed")
            for one in old.prefix(5) { try await service.restore(one) }
            try await check("at the end")
        }
    }
}
