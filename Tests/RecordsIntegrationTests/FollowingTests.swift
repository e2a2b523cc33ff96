import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing
import Wire

@testable import Records

private typealias PolicySharingRule = AccessControl.PolicySharingRule

/// What belongs to a shared record is shared as a rule of the workspace says, by every way, as long as the record is, and no further.
@Suite struct FollowingTests {
    fileprivate static func following(
        _ object: String = "activity", of parent: String = "account", writing: Bool = false,
        until end: Timestamp? = nil, isEnabled: Bool = true, _ filter: String = "id is set",
        selection: RecordID = .make()
    ) -> PolicySharingRule {
        PolicySharingRule(
            id: .make(), selection: selection, object: object, filter: filter, isEnabled: isEnabled,
            following: ParentShare(parent, allowsWriting: writing, end: end))
    }

    /// Reads and changes his own accounts, contacts and activities.
    static func rep(_ service: TestService, hiding: [(String, String, FieldLevel)] = []) -> UserID {
        let actions = ["read", "create", "update", "delete", "import", "export", "mass_update"]
        return service.makeUser(
            ["account", "contact", "activity"].flatMap { object in actions.map { (object, $0, .own) } },
            hiding: hiding)
    }

    fileprivate static func call(_ account: Account, _ subject: String = "call") -> Activity {
        Activity(kind: .note, subject: subject, accountID: account.id)
    }

    private static func reason<Answer>(_ call: () async throws -> Answer) async throws -> String? {
        try await refusal(call)?.reason
    }

    @Test func itIsThereForEverythingThatReads() async throws {
        try await SharingTests.run { service in
            let (owner, other, stranger) = (Self.rep(service), Self.rep(service), Self.rep(service))
            service.set(rules: [Self.following()])
            let shared = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            let unshared = try await service.create(Account(displayName: "Elsewhere"), as: owner)
            let activity = try await service.create(Self.call(shared), as: owner)
            _ = try await service.create(Self.call(unshared), as: owner)
            func seen(by user: UserID) async throws -> [Bool] {
                let client = service.activities(as: user)
                let counted = try await client.listActivities(ListActivitiesRequest(pageSize: 1, includeCount: true))
                let exported = try await client.exportActivities(ExportActivitiesRequest()).next()?.records ?? []
                let found = try await client.batchGetActivities(BatchGetActivitiesRequest(ids: [activity.id ?? ""]))
                let changes = try await refusal {
                    try await client.listActivityChanges(ListActivityChangesRequest(id: activity.id))
                }
                return [
                    try await refusal { try await service.get(activity, as: user) } == nil,
                    try await service.list(Activity.self, as: user).map(\.id) == [activity.id],
                    try await service.list(Activity.self, "account.city = Rom", as: user).map(\.id) == [activity.id],
                    counted.count?.value == 1, exported.map(\.id) == [activity.id],
                    found.records.map(\.id) == [activity.id], changes == nil,
                ]
            }
            try await service.share("account", shared.id, RecordShare(with: other), as: owner)
            // What was there before the share is late, and only that.
            let later = try await service.create(Self.call(shared, "later"), as: owner)
            let before = try await service.list(Activity.self, as: other).map(\.id)
            #expect(before == [later.id])
            try await service.delete(later, as: owner)
            try await SharingRuleTests.settle(service)
            let (his, theirs) = try await (seen(by: other), seen(by: stranger))
            #expect(his == Array(repeating: true, count: 7))
            #expect(!theirs.contains(true))
            // Nothing is written for what belongs to no shared record.
            let borne = try await service.number(
                "SELECT count(*) FROM {schema}.activities WHERE sharing_selection_ids <> '{}' AND deleted_at IS NULL")
            #expect(borne == 1)
            try await service.unshare("account", shared.id, user: other, as: owner)
            let without = try await seen(by: other)
            #expect(!without.contains(true))
            try await SharingRuleTests.settle(service)
            let left = try await service.number(
                "SELECT count(*) FROM {schema}.activities WHERE sharing_selection_ids <> '{}' AND deleted_at IS NULL")
            #expect(left == 0)
        }
    }

    @Test func itIsChangedOnlyWhereTheRuleAndTheShareSaySo() async throws {
        try await SharingTests.run { service in
            for (ruleWrites, shareWrites) in [(false, false), (false, true), (true, false), (true, true)] {
                let (owner, other) = (Self.rep(service), Self.rep(service))
                service.set(rules: [Self.following(writing: ruleWrites)])
                let account = try await service.create(Account(displayName: "Acme"), as: owner)
                try await service.share(
                    "account", account.id, RecordShare(with: other, shareWrites ? .write : .read), as: owner)
                let activity = try await service.create(Self.call(account), as: owner)
                let edit = try await Self.reason {
                    try await service.update(Activity(id: activity.id, outcome: "by other"), as: other)
                }
                let many = try await service.activities(as: other).updateMatchingActivities(
                    UpdateMatchingActivitiesRequest(
                        filterExpression: "subject = call", record: Activity(outcome: "many"), preview: true))
                let writes = ruleWrites && shareWrites
                #expect(edit == (writes ? nil : "RECORD_OUT_OF_SCOPE"))
                #expect(many.count?.value == (writes ? 1 : 0))
                // Never more than a share of its own would give.
                let refused = [
                    try await Self.reason {
                        try await service.update(Activity(id: activity.id, ownerID: other.id.text), as: other)
                    },
                    try await Self.reason { try await service.delete(activity, as: other) },
                    try await Self.reason {
                        try await service.share("activity", activity.id, RecordShare(with: other, .write), as: other)
                    },
                ]
                #expect(refused == Array(repeating: "RECORD_OUT_OF_SCOPE", count: 3))
                let told = try await service.explain("activity", activity.id, as: other)
                #expect(told["read"]?.allowed == true && told["read"]?.inScope == false)
                #expect(told["read"]?.parentIDs == [account.id ?? ""] && told["read"]?.sharingRuleIDs.count == 1)
                #expect(told["update"]?.allowed == writes)
                #expect(told["update"]?.parentIDs == (writes ? [account.id ?? ""] : []))
                #expect(told["delete"]?.allowed == false && told["delete"]?.parentIDs == [])
                let hers = try await service.explain("activity", activity.id, as: owner)
                #expect(hers["update"]?.inScope == true && hers["update"]?.parentIDs == [])
            }
        }
    }

    @Test func itEndsWithWhatItFollows() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let selection = RecordID.make()
            func rule(until end: Timestamp? = nil, isEnabled: Bool = true) -> PolicySharingRule {
                Self.following(writing: true, until: end, isEnabled: isEnabled, selection: selection)
            }
            service.set(rules: [rule()])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let elsewhere = try await service.create(Account(displayName: "Elsewhere"), as: owner)
            try await service.share("account", account.id, RecordShare(with: other, .write), as: owner)
            let activity = try await service.create(Self.call(account), as: owner)
            /// Nil for what he reads and writes.
            func his() async throws -> [String?] {
                [
                    try await Self.reason { try await service.get(activity, as: other) },
                    try await Self.reason {
                        try await service.update(Activity(id: activity.id, outcome: RecordID.make().text), as: other)
                    },
                    try await service.list(Activity.self, as: other).isEmpty ? "EMPTY" : nil,
                ]
            }
            let (all, none): ([String?], [String?]) = (
                [nil, nil, nil], ["RECORD_NOT_FOUND", "RECORD_NOT_FOUND", "EMPTY"]
            )
            var seen = [try await his()]
            // The rule is switched off, over, gone; nothing is looked through.
            for rules in [
                [rule(isEnabled: false)], [rule(until: .now().advanced(by: .seconds(-1)))], [],
                [rule(until: .now().advanced(by: .seconds(900)))],
            ] {
                service.set(rules: rules)
                seen.append(try await his())
            }
            #expect(seen == [all, none, none, none, all])
            // It is moved to another record, and back.
            try await service.update(Activity(id: activity.id, accountID: elsewhere.id), as: owner)
            let moved = try await his()
            try await service.update(Activity(id: activity.id, accountID: account.id), as: owner)
            let back = try await his()
            #expect(moved == none && back == all)
            // The record is deleted, and comes back.
            try await service.delete(account, as: owner)
            let deleted = try await his()
            try await service.restore(account, as: owner)
            let restored = try await his()
            #expect(deleted == none && restored == all)
            // The share is for reading, ends by the clock, is taken away.
            try await service.share("account", account.id, RecordShare(with: other, .read), as: owner)
            let reads = try await his()
            #expect(reads == [nil, "RECORD_OUT_OF_SCOPE", nil])
            try await service.share(
                "account", account.id, RecordShare(with: other, .write, until: .now().advanced(by: .seconds(1))),
                as: owner)
            let limit = ContinuousClock.now + .seconds(10)
            var ended: [String?] = []
            while ended != none, ContinuousClock.now < limit { ended = try await his() }
            #expect(ended == none)
            try await service.share("account", account.id, RecordShare(with: other, .write), as: owner)
            let again = try await his()
            try await service.unshare("account", account.id, user: other, as: owner)
            let gone = try await his()
            #expect(again == all && gone == none)
        }
    }

    /// Roles and field policies stay in force, of the record and of what belongs to it.
    @Test func rolesStayInForce() async throws {
        try await SharingTests.run { service in
            let owner = Self.rep(service)
            service.set(rules: [Self.following(writing: true)])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let reads: [(String, String, Scope)] = [("account", "read", .own), ("activity", "read", .own)]
            let nobody = service.makeUser([("account", "*", .all)])
            let childrenAlone = service.makeUser([("activity", "*", .own)])
            let reader = service.makeUser(reads)
            let halfWriter = service.makeUser(reads + [("activity", "update", .own)])
            let blind = service.makeUser(
                reads + [("account", "update", .own), ("activity", "update", .own)],
                hiding: [("activity", "outcome", .none), ("account", "shares", .none)])
            for user in [nobody, childrenAlone, reader, halfWriter, blind] {
                try await service.share("account", account.id, RecordShare(with: user, .write), as: owner)
            }
            let activity = try await service.create(Self.call(account), as: owner)
            try await service.update(Activity(id: activity.id, outcome: "secret"), as: owner)
            func edit(as user: UserID, _ change: Activity) async throws -> String? {
                try await Self.reason { try await service.update(change, as: user) }
            }
            let wanted = Activity(id: activity.id, subject: "edited")
            let reasons = [
                try await Self.reason { try await service.get(activity, as: nobody) },
                try await Self.reason { try await service.get(activity, as: childrenAlone) },
                try await edit(as: reader, wanted), try await edit(as: halfWriter, wanted),
                try await edit(as: blind, Activity(id: activity.id, outcome: "mine")),
                try await edit(as: blind, wanted),
            ]
            let expected = [
                "PERMISSION_MISSING", "RECORD_NOT_FOUND", "PERMISSION_MISSING", "RECORD_OUT_OF_SCOPE",
                "FIELD_NOT_WRITABLE", nil,
            ]
            #expect(reasons == expected)
            let (seen, hers) = (
                try await service.get(activity, as: blind), try await service.get(activity, as: owner)
            )
            #expect(seen.outcome == nil && seen.subject == "edited" && hers.outcome == "secret")
            // With whom the account is shared tells nobody who does not see it there.
            #expect(!hers.sharingSelectionIDs.isEmpty && seen.sharingSelectionIDs.isEmpty)
            let probe = try await Self.reason {
                try await service.list(Activity.self, "sharing_selection_ids is set", as: blind)
            }
            #expect(probe == "FIELD_NOT_READABLE")
        }
    }

    /// What a rule selects leads to what belongs to it, too; what follows leads no further.
    @Test func rulesOfTheRecordCountAndNothingFollowsTwice() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let direct = PolicySharingRule(
                id: .make(), selection: .make(), object: "account", filter: "city = Rom",
                shares: [Share(.user(other), allowsWriting: false, end: nil)])
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            let activity = try await service.create(Self.call(account), as: owner)
            let below = try await service.create(
                Account(displayName: "Below", parentAccountID: account.id), as: owner)
            let further = try await service.create(Self.call(below), as: owner)
            service.set(rules: [direct, Self.following(writing: true), Self.following("account")])
            try await SharingRuleTests.settle(service)
            let (accounts, activities) = (
                try await service.list(Account.self, as: other), try await service.list(Activity.self, as: other)
            )
            #expect(Set(accounts.map(\.id)) == [account.id, below.id])
            #expect(activities.map(\.id) == [activity.id])
            #expect(try await Self.reason { try await service.get(further, as: other) } == "RECORD_NOT_FOUND")
            // A rule for reading does not let what belongs to it be written.
            let edit = try await Self.reason {
                try await service.update(Activity(id: activity.id, outcome: "x"), as: other)
            }
            #expect(edit == "RECORD_OUT_OF_SCOPE")
            // The account leaves the rule, and all has with that.
            try await service.update(Account(id: account.id, city: "Ulm"), as: owner)
            let left = [
                try await service.list(Account.self, as: other).count,
                try await service.list(Activity.self, as: other).count,
            ]
            #expect(left == [0, 0])
        }
    }

    /// Only what the filter of the rule selects follows.
    @Test func aFilterSaysWhichFollow() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            service.set(rules: [Self.following("subject = open")])
            service.set(rules: [
                Self.following("activity", of: "account", "subject = open"),
                // Nothing names what it belongs to: it selects nothing, and is told so.
                Self.following("contact", of: "account"),
            ])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            try await service.share("account", account.id, RecordShare(with: other), as: owner)
            let open = try await service.create(Self.call(account, "open"), as: owner)
            let closed = try await service.create(Self.call(account, "closed"), as: owner)
            let first = try await service.list(Activity.self, as: other).map(\.id)
            try await service.update(Activity(id: open.id, subject: "closed"), as: owner)
            try await service.update(Activity(id: closed.id, subject: "open"), as: owner)
            let second = try await service.list(Activity.self, as: other).map(\.id)
            #expect(first == [open.id] && second == [closed.id])
            try await SharingRuleTests.settle(service)
            let progress: ListSharingProgressResponse = try await service.channel().call(
                service.sharing.listSharingProgress, ListSharingProgressRequest(), CallOptions())
            #expect(progress.progress.first { $0.object == "contact" }?.unusableSelectionIDs.count == 1)
        }
    }

    @Test func aWatcherIsTold() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            service.set(rules: [Self.following()])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let made = try await service.batchCreate(
                (0..<130).map { Self.call(account, "call \($0)") }, as: owner
            ).records
            let watch = try await service.activities(as: other).watchActivities(WatchActivitiesRequest())
            try await service.share("account", account.id, RecordShare(with: other), as: owner)
            try await SharingRuleTests.settle(service)
            var told: Set<String> = []
            while told.count < 130 {
                told.formUnion(try #require(try await watch.next()).records.compactMap(\.id))
            }
            #expect(told == Set(made.compactMap(\.id)))
            try await service.unshare("account", account.id, user: other, as: owner)
            try await SharingRuleTests.settle(service)
            var gone: Set<String> = []
            while gone.count < 130 { gone.formUnion(try #require(try await watch.next()).goneIDs) }
            #expect(gone == told)
            // Nothing is written twice, and nothing is left to look at.
            let (versions, marks) = (
                try await service.number("SELECT sum(version)::bigint FROM {schema}.activities"),
                try await service.number("SELECT count(*) FROM {schema}.shared_parent_marks")
            )
            try await SharingRuleTests.settle(service)
            let later = try await service.number("SELECT sum(version)::bigint FROM {schema}.activities")
            #expect(marks == 0 && later == versions && versions == 130 * 3)
        }
    }

    /// A record that is deleted lets nobody at what belongs to it, and whoever watches hears of it.
    @Test func aWatcherIsToldThatTheParentIsGone() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            service.set(rules: [Self.following()])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let call = try await service.create(Self.call(account), as: owner)
            try await service.share("account", account.id, RecordShare(with: other), as: owner)
            try await SharingRuleTests.settle(service)
            let watch = try await service.activities(as: other).watchActivities(WatchActivitiesRequest())
            func told(_ found: (WatchActivitiesResponse) -> Bool) async throws {
                while let next = try await watch.next() { if found(next) { return } }
                Issue.record("the watch has ended")
            }
            try await told { $0.records.map(\.id) == [call.id] }
            for _ in 0..<2 {
                try await service.delete(account, as: owner)
                try await SharingRuleTests.settle(service)
                try await told { $0.goneIDs == [call.id] }
                try await service.restore(account, as: owner)
                try await SharingRuleTests.settle(service)
                try await told { $0.records.map(\.id) == [call.id] }
            }
        }
    }

    /// What nobody here follows leaves no notes, and as many as there are keep nobody waiting.
    @Test func notesAreTakenHoweverManyThereAre() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            func notes() async throws -> Int64 {
                try await service.number("SELECT count(*) FROM {schema}.shared_parent_marks")
            }
            func leave(_ count: Int) async throws {
                _ = try await service.number(
                    """
                    WITH made AS (
                        INSERT INTO {schema}.shared_parent_marks (id, object, record_id)
                        SELECT gen_random_uuid(), 'account', gen_random_uuid() FROM generate_series(1, \(count))
                        RETURNING 1)
                    SELECT count(*) FROM made
                    """)
            }
            // Deals are of another service, which has accounts by its mirror.
            service.set(rules: [Self.following("deal")])
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            try await service.share("account", account.id, RecordShare(with: other), as: owner)
            #expect(try await notes() == 0)
            try await leave(20_000)
            let keeper = SharingRuleTests.keeper(service)
            _ = try await keeper.step(service.tenant.id, deadline: .after(.seconds(8)))
            #expect(try await notes() == 0)
            service.set(rules: [Self.following()])
            try await SharingRuleTests.settle(service, keeper)
            try await leave(5_000)
            var before: Int64 = 5_000
            while try await keeper.step(service.tenant.id, deadline: .after(.seconds(8))) {
                let left = try await notes()
                #expect(before - 2_000...before - 1 ~= left)
                before = left
            }
            #expect(try await notes() == 0)
        }
    }

    /// At random: what lists, counts and methods for one give is what a naive look at shares, references and rules does.
    @Test func listsGiveWhatANaiveLookGives() async throws {
        try await SharingTests.run { service in
            var random = SeededGenerator(seed: 107)
            let owner = Self.rep(service)
            let users = (0..<4).map { _ in Self.rep(service) }
            service.set(rules: [Self.following(writing: true, "subject = open"), Self.following(of: "contact")])
            let accounts = try await service.batchCreate(
                (0..<6).map { Account(displayName: "a\($0)") }, as: owner
            ).records
            let contacts = try await service.batchCreate(
                (0..<4).map { Contact(familyName: "c\($0)") }, as: owner
            ).records
            var shares: [String: [UserID: Bool]] = [:]
            var activities: [String: (account: String?, contact: String?, isOpen: Bool)] = [:]
            for step in 0..<120 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    let (isAccount, user) = (
                        Bool.random(using: &random), users.randomElement(using: &random) ?? owner
                    )
                    let id = (isAccount ? accounts.map(\.id) : contacts.map(\.id)).randomElement(using: &random) ?? ""
                    let writes = Bool.random(using: &random)
                    try await service.share(
                        isAccount ? "account" : "contact", id, RecordShare(with: user, writes ? .write : .read),
                        as: owner)
                    shares[id ?? "", default: [:]][user] = writes
                case 2:
                    guard
                        let (id, with) = shares.filter({ !$0.value.isEmpty }).sorted(by: { $0.key < $1.key })
                            .randomElement(using: &random), let user = with.keys.min(by: { $0.id < $1.id })
                    else { continue }
                    let object = accounts.contains { $0.id == id } ? "account" : "contact"
                    try await service.unshare(object, id, user: user, as: owner)
                    shares[id]?[user] = nil
                default:
                    var activity = Activity(
                        kind: .note, subject: Bool.random(using: &random) ? "open" : "closed",
                        accountID: Bool.random(using: &random) ? accounts.randomElement(using: &random)?.id : nil,
                        contactID: Bool.random(using: &random) ? contacts.randomElement(using: &random)?.id : nil)
                    let old = activities.keys.sorted().randomElement(using: &random)
                    if step % 2 == 0, let old {
                        activity.id = old
                        try await service.update(activity, ["subject", "account_id", "contact_id"], as: owner)
                    } else {
                        activity.id = try await service.create(activity, as: owner).id
                    }
                    activities[activity.id ?? ""] = (
                        activity.accountID, activity.contactID, activity.subject == "open"
                    )
                }
                guard step % 20 == 19 else { continue }
                try await SharingRuleTests.settle(service)
                for user in users {
                    let wanted = activities.mapValues { of in
                        let byAccount = of.isOpen ? of.account.flatMap { shares[$0]?[user] } : nil
                        let byContact = of.contact.flatMap { shares[$0]?[user] }
                        return (reads: byAccount != nil || byContact != nil, writes: byAccount == true)
                    }
                    let readable = Set(wanted.filter(\.value.reads).keys)
                    let answer = try await service.activities(as: user).listActivities(
                        ListActivitiesRequest(pageSize: 1_000, includeCount: true))
                    #expect(Set(answer.records.compactMap(\.id)) == readable, "step \(step)")
                    #expect(answer.count?.value == Int64(readable.count))
                    for (id, may) in wanted.sorted(by: { $0.key < $1.key }).prefix(8) {
                        let edit = try await Self.reason {
                            try await service.update(Activity(id: id, outcome: "\(step) \(user)"), as: user)
                        }
                        let expected = may.writes ? nil : may.reads ? "RECORD_OUT_OF_SCOPE" : "RECORD_NOT_FOUND"
                        #expect(edit == expected)
                    }
                }
            }
        }
    }
}

extension TestService {
    fileprivate func activities(as user: UserID? = nil) -> ActivityServiceClient {
        ActivityServiceClient(channel: channel(as: user))
    }
}
