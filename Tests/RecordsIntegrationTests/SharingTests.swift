import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What is shared is there for whom it is shared with, by every way, for what it is shared for, and for nobody else.
@Suite struct SharingTests {
    static func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await WatchTests.run { try await body($0) }
    }

    /// Reads and changes his own, and may take them along.
    static func rep(_ service: TestService, in department: RecordID? = nil) -> UserID {
        service.makeUser(
            ["read", "create", "update", "delete", "export", "mass_update"].map { ("account", $0, .own) }
                + [("activity", "*", .all)], in: department)
    }

    @Test func aShareCountsForEverythingThatReads() async throws {
        try await Self.run { service in
            let (owner, other, stranger) = (Self.rep(service), Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            _ = try await service.create(Account(displayName: "Unshared", city: "Rom"), as: owner)
            func seen(by user: UserID) async throws -> [Bool] {
                let client = service.accounts(as: user)
                let counted = try await client.listAccounts(ListAccountsRequest(pageSize: 1, includeCount: true))
                let exported = try await client.exportAccounts(ExportAccountsRequest()).next()?.records ?? []
                let found = try await client.batchGetAccounts(BatchGetAccountsRequest(ids: [account.id ?? ""]))
                return [
                    try await refusal { try await service.get(account, as: user) } == nil,
                    try await service.list(Account.self, as: user).map(\.id) == [account.id],
                    try await service.list(Account.self, "city = Rom", by: ["city"], as: user).count == 1,
                    counted.count?.value == 1, exported.map(\.id) == [account.id], found.records.count == 1,
                    try await refusal {
                        try await client.listAccountChanges(ListAccountChangesRequest(id: account.id))
                    } == nil,
                    try await refusal {
                        try await service.create(
                            Activity(kind: .note, subject: "n", accountID: account.id), as: user)
                    } == nil,
                    try await service.list(Activity.self, "account.city = Rom", as: user).isEmpty == false,
                ]
            }
            let all = Array(repeating: true, count: 9)
            try await service.create(Activity(kind: .note, subject: "n", accountID: account.id))
            #expect(try await !seen(by: other).contains(true))
            let shares = try await service.share("account", account.id, RecordShare(with: other), as: owner).shares
            #expect(shares.map(\.userID) == [other.id.text] && shares[0].sharerID == owner.id.text)
            #expect(try await seen(by: other) == all)
            #expect(try await !seen(by: stranger).contains(true))
            #expect(try await service.get(account, as: other).shares == shares)
            #expect(try await service.shares("account", account.id, as: other) == shares)
            let left = try await service.unshare("account", account.id, user: other, as: owner)
            #expect(left.shares.isEmpty && left.version == 3)
            #expect(try await !seen(by: other).contains(true))
        }
    }

    @Test func aShareForWritingChangesAndNoMore() async throws {
        try await Self.run { service in
            let (owner, reader, writer) = (Self.rep(service), Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            try await service.share("account", account.id, RecordShare(with: reader), as: owner)
            try await service.share("account", account.id, RecordShare(with: writer, .write), as: owner)
            func change(_ user: UserID) async throws -> String? {
                try await refusal { try await service.update(Account(id: account.id, city: "Bonn"), as: user) }?.reason
            }
            let changed = [try await change(writer), try await change(reader)]
            #expect(changed == [nil, "RECORD_OUT_OF_SCOPE"])
            let matching = try await service.accounts(as: reader).updateMatchingAccounts(
                UpdateMatchingAccountsRequest(
                    filterExpression: "city is set", record: Account(city: "Ulm"), preview: true))
            let matched = try await service.accounts(as: writer).updateMatchingAccounts(
                UpdateMatchingAccountsRequest(
                    filterExpression: "city is set", record: Account(city: "Ulm"), preview: true))
            #expect([matching.count?.value, matched.count?.value] == [0, 1] && matched.issues.isEmpty)
            let upserted = try await refusal {
                try await service.batchUpdate(
                    [UpdateRequest(record: Account(id: account.id, city: "Ulm"))], as: writer)
            }
            #expect(upserted == nil)
            // It moves the record nowhere, neither to himself nor to his department, and hands nothing on.
            for user in [reader, writer] {
                let refused = [
                    try await denial {
                        try await service.update(Account(id: account.id, ownerID: user.id.text), as: user)
                    },
                    try await denial {
                        try await service.update(
                            Account(id: account.id, departmentID: service.makeDepartment().text), as: user)
                    },
                    try await denial { try await service.delete(account, as: user) },
                    try await denial {
                        try await service.share(
                            "account", account.id, RecordShare(with: service.admin, .write), as: user)
                    },
                    try await denial { try await service.unshare("account", account.id, user: reader, as: user) },
                    try await denial { try await service.undo(account, 2, as: user) },
                ]
                let reasons = refused.map(\.reason)
                #expect(reasons.prefix(5).allSatisfy { $0 == "RECORD_OUT_OF_SCOPE" })
                #expect(["RECORD_OUT_OF_SCOPE", "CHANGE_NOT_UNDOABLE"].contains(reasons[5]), "\(reasons)")
            }
            // What was shared cannot be brought back by taking back that it is not any more.
            try await service.unshare("account", account.id, user: writer, as: owner)
            let version = try await service.get(account).version
            #expect(
                try await denial { try await service.undo(account, version, as: owner) }.reason == "CHANGE_NOT_UNDOABLE"
            )
            #expect(try await change(writer) == "RECORD_NOT_FOUND")
        }
    }

    @Test func departmentsAndRolesAreSharedWithAsTheyAreNow() async throws {
        try await Self.run { service in
            let (top, other) = (service.makeDepartment(), service.makeDepartment())
            let below = service.makeDepartment(under: top)
            let (chief, member) = (Self.rep(service, in: top), Self.rep(service, in: below))
            let account = try await service.create(Account(displayName: "Acme"))
            func readers() async throws -> [Bool] {
                var seen: [Bool] = []
                for user in [chief, member] {
                    seen.append(try await refusal { try await service.get(account, as: user) } == nil)
                }
                return seen
            }
            try await service.share("account", account.id, RecordShare(with: top, includingBelow: false))
            #expect(try await readers() == [true, false])
            // Only one share with each: this one takes the other's place.
            let again = try await service.share("account", account.id, RecordShare(with: top))
            #expect(again.shares.count == 1 && again.shares[0].includeDescendants == true)
            #expect(try await readers() == [true, true])
            try await service.share("account", account.id, RecordShare(with: below))
            try await service.unshare("account", account.id, department: top)
            #expect(try await readers() == [false, true])
            service.move(member, to: other)
            #expect(try await readers() == [false, false])
            try await service.share("account", account.id, RecordShare(withRole: service.role(of: chief), .write))
            #expect(try await readers() == [true, false])
            service.change(chief, to: [("account", "*", .own)])
            #expect(try await readers() == [false, false])
        }
    }

    /// A share gives no kind of action that roles do not give, and no field.
    @Test func rolesStayInForce() async throws {
        try await Self.run { service in
            let account = try await service.create(Account(displayName: "Acme", phone: "+4930123456", city: "Rom"))
            let nobody = service.makeUser([("activity", "read", .all)])
            let reads = service.makeUser([("account", "read", .own)], hiding: [("account", "city", .none)])
            let blind = service.makeUser(
                [("account", "*", .own)], hiding: [("account", "shares", .none), ("account", "phone", .read)])
            for user in [nobody, reads, blind] {
                try await service.share("account", account.id, RecordShare(with: user, .write))
            }
            let reasons = [
                try await denial { try await service.get(account, as: nobody) }.reason,
                try await denial { try await service.update(Account(id: account.id, city: "Ulm"), as: reads) }.reason,
                try await denial { try await service.list(Account.self, "city = Rom", as: reads) }.reason,
                try await denial { try await service.shares("account", account.id, as: blind) }.reason,
                try await denial { try await service.update(Account(id: account.id, phone: "+4930"), as: blind) }
                    .reason,
                try await denial { try await service.list(Account.self, "shares is set", as: blind) }.reason,
                try await denial {
                    try await service.accounts(as: reads).exportAccounts(ExportAccountsRequest()).next()
                }.reason,
            ]
            let expected = [
                "PERMISSION_MISSING", "PERMISSION_MISSING", "FIELD_NOT_READABLE", "FIELD_NOT_READABLE",
                "FIELD_NOT_WRITABLE", "FIELD_NOT_READABLE", "PERMISSION_MISSING",
            ]
            #expect(reasons == expected)
            let (seen, told) = (try await service.get(account, as: reads), try await service.get(account, as: blind))
            #expect(seen.city == nil && seen.displayName == "Acme" && told.shares.isEmpty)
            // Who may not change the field shares nothing, of his own neither.
            let own = try await service.create(Account(displayName: "Own"), as: blind)
            let refused = try await denial {
                try await service.share("account", own.id, RecordShare(with: reads), as: blind)
            }
            #expect(refused.reason == "FIELD_NOT_WRITABLE")
            // Nor is it set in passing.
            let made = try await service.create(
                Account(shares: [RecordShare(with: reads)], displayName: "Sly"), as: blind)
            #expect(made.shares.isEmpty)
            let masked = try await denial {
                try await service.update(
                    Account(id: own.id, shares: [RecordShare(with: reads)]), ["shares"], as: service.admin)
            }
            #expect(masked.reason == "FIELD_OUTPUT_ONLY")
        }
    }

    @Test func whatCannotBeSharedIsRefused() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let now = Timestamp.now()
            func reason(_ share: RecordShare?, _ object: String = "account", as user: UserID? = nil) async throws
                -> String
            {
                try await denial { () async throws -> ShareRecordResponse in
                    try await service.channel(as: user).call(
                        service.sharing.shareRecord,
                        ShareRecordRequest(object: object, id: account.id, share: share), CallOptions())
                }.reason
            }
            let subjects: [RecordShare?] = [
                nil, RecordShare(), RecordShare(userID: other.id.text, roleID: RecordID.make().text),
                RecordShare(userID: "x"), RecordShare(userID: RecordID.make().text),
                RecordShare(departmentID: RecordID.make().text), RecordShare(roleID: RecordID.make().text),
            ]
            for share in subjects { #expect(try await reason(share) == "SHARE_SUBJECT_INVALID") }
            let others = [
                try await reason(RecordShare(with: owner), as: owner), try await reason(RecordShare(with: owner)),
                try await reason(RecordShare(with: other, until: now.advanced(by: .seconds(-1)))),
                // An audit had one in the year 12004: it made the record, and every list with it, unreadable.
                try await reason(RecordShare(with: other, until: Timestamp(microseconds: 316_647_100_800_000_000))),
                try await reason(RecordShare(with: other, until: Timestamp(microseconds: .max))),
                try await reason(RecordShare(with: other), "accounts"),
                try await reason(RecordShare(with: other), "deal"),
                try await reason(RecordShare(with: other), as: other),
                try await denial { try await service.unshare("account", account.id, user: other) }.reason,
                try await denial { try await service.unshare("account", account.id) }.reason,
                try await denial { try await service.shares("account", account.id, as: other) }.reason,
                try await denial { try await service.explain("account", account.id, as: other) }.reason,
                try await denial { try await service.share("account", "x", RecordShare(with: other)) }.reason,
            ]
            let expected = [
                "SHARE_NEEDLESS", "SHARE_NEEDLESS", "SHARE_TIME_PAST", "INVALID_TIME", "INVALID_TIME",
                "OBJECT_UNKNOWN", "OBJECT_UNKNOWN", "RECORD_NOT_FOUND", "SHARE_NOT_FOUND", "SHARE_SUBJECT_INVALID",
                "RECORD_NOT_FOUND", "RECORD_NOT_FOUND",
                "INVALID_ID",
            ]
            #expect(others == expected)
            for _ in 0..<100 {
                try await service.share("account", account.id, RecordShare(with: service.makeDepartment()))
            }
            #expect(try await reason(RecordShare(with: other)) == "SHARES_TOO_MANY")
            #expect(try await service.shares("account", account.id).count == 100)
            try await service.delete(account)
            #expect(try await reason(RecordShare(with: other)) == "RECORD_NOT_FOUND")
        }
    }

    @Test func aShareIsAChangeOfTheRecord() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let share = RecordShare(with: other, .write)
            let first = try await service.share("account", account.id, share, as: owner, requestID: "r1")
            let again = try await service.share("account", account.id, share, as: owner, requestID: "r1")
            let same = try await service.share("account", account.id, share, as: owner)
            #expect(first == again && same.version == 2)
            // Who read it before edits it as ever.
            let edited = try await service.update(Account(id: account.id, version: 1, city: "Rom"), as: owner)
            #expect(edited.version == 3 && edited.shares == first.shares)
            let changes = try await service.accounts(as: other).listAccountChanges(
                ListAccountChangesRequest(id: account.id)
            ).changes
            #expect(changes.map(\.changedFields).prefix(2) == [["city"], ["shares"]])
            #expect(changes[1].method == "ShareRecord" && changes[1].after?.shares == first.shares)
            #expect(changes[1].actorID == owner.id.text)
        }
    }

    @Test func accessIsExplained() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let end = Timestamp.now().advanced(by: .seconds(600))
            try await service.share("account", account.id, RecordShare(with: other, until: end), as: owner)
            let own = try await service.explain("account", account.id, as: owner)
            #expect(own["delete"]?.allowed == true && own["delete"]?.inScope == true && own["delete"]?.shares == [])
            let told = try await service.explain("account", account.id, of: other, as: owner)
            let seen = try await service.explain("account", account.id, as: other)
            // The roles of others are told to whoever reads them elsewhere.
            let withoutRoles = seen.mapValues { access in
                var access = access
                access.roleIDs = []
                return access
            }
            #expect(told == withoutRoles)
            let insider = service.makeUser([("account", "*", .all), ("user", "read", .all)])
            #expect(try await service.explain("account", account.id, of: other, as: insider) == seen)
            // Of a user whose scope is all no share is the reason, unless it is with him.
            #expect(try await service.explain("account", account.id, as: insider)["read"]?.shares == [])
            try await service.share("account", account.id, RecordShare(with: insider), as: owner)
            let both = try await service.explain("account", account.id, as: insider)
            #expect(both["read"]?.shares.map(\.userID) == [insider.id.text])
            #expect(seen["read"]?.allowed == true && seen["read"]?.inScope == false && seen["read"]?.scope == .own)
            #expect(seen["read"]?.shares.map(\.sharerID) == [owner.id.text])
            #expect(seen["read"]?.shares.first?.untilTime == end)
            #expect(seen["read"]?.roleIDs == [service.role(of: other)?.text ?? ""])
            #expect(seen["update"]?.allowed == false && seen["update"]?.shares == [])
            let curious = try await denial { try await service.explain("account", account.id, of: owner, as: other) }
            #expect(curious.reason == "RECORD_OUT_OF_SCOPE")
        }
    }

    /// Whoever watches learns of what is shared with him, and of what is no longer.
    @Test func watchersLearnOfShares() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let watcher = try await Watcher(service, as: other)
            try await watcher.takeAll()
            #expect(watcher.records.isEmpty)
            try await service.share("account", account.id, RecordShare(with: other), as: owner)
            try await watcher.take { $0.records[account.id ?? ""] != nil }
            try await service.update(Account(id: account.id, city: "Rom"), as: owner)
            try await watcher.take { $0.records[account.id ?? ""]?.city == "Rom" }
            try await service.unshare("account", account.id, user: other, as: owner)
            try await watcher.take { $0.gone == [account.id ?? ""] }
            #expect(watcher.resetCount == 0)
        }
    }

    /// Many records, many shares of all kinds, some of which have ended: what lists and methods for one give is what a look at each share does.
    @Test func listsGiveWhatANaiveLookGives() async throws {
        try await Self.run { service in
            let departments = [service.makeDepartment(), service.makeDepartment()]
            let units = departments + departments.map { service.makeDepartment(under: $0) }
            let users = (0..<6).map { index in
                let scope: Scope = index < 3 ? .own : .unit
                return service.makeUser(
                    ["read", "update"].map { ("account", $0, scope) }, in: units[index % units.count])
            }
            let roles = users.compactMap(service.role)
            var random = SystemRandomNumberGenerator()
            let now = Timestamp.now()
            var accounts: [(id: String, owner: UserID, unit: RecordID, shares: [Share])] = []
            for number in 0..<120 {
                let (owner, unit) = (users[number % 5], units[number % units.count])
                let made = try await service.create(
                    Account(ownerID: owner.id.text, departmentID: unit.text, displayName: "a\(number)"))
                let shares = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    let subjects: [ShareSubject] = [
                        .user(users[Int.random(in: 0..<users.count, using: &random)]),
                        .unit(
                            units[Int.random(in: 0..<units.count, using: &random)],
                            includingBelow: .random(using: &random)),
                        .role(roles[Int.random(in: 0..<roles.count, using: &random)]),
                    ]
                    let ends = [nil, now.advanced(by: .seconds(-5)), now.advanced(by: .seconds(900))]
                    return Share(
                        subjects[Int.random(in: 0..<3, using: &random)], allowsWriting: .random(using: &random),
                        end: ends[Int.random(in: 0..<3, using: &random)])
                }
                let forms = shares.map { share -> String in
                    let form = ShareForm.form(share, by: service.admin, at: now)
                    var writer = JSONWriter()
                    writer.write(form.message(in: Arena()))
                    return String(decoding: writer.bytes, as: UTF8.self)
                }
                if !forms.isEmpty {
                    try await service.sql(
                        "UPDATE {schema}.accounts SET shares = '[\(forms.joined(separator: ","))]' WHERE id = '\(made.id ?? "")'"
                    )
                }
                accounts.append((made.id ?? "", owner, unit, shares))
            }
            for user in users {
                guard let access = service.access(of: user)?.object("account") else { continue }
                for (action, use) in [(Action.read, ShareUse.reading), (.update, .writing)] {
                    let scope = access.predicate(action, ownership: .owned)
                    let predicate = ScopePredicate.shared(scope, with: access.audience, for: use)
                    let expected = accounts.filter {
                        predicate.admits(owner: $0.owner.id, unit: $0.unit, shares: $0.shares, at: now)
                    }.map(\.id)
                    let naive = accounts.filter { account in
                        Self.mayReach(account.owner, account.unit, account.shares, user, access, use, now)
                    }.map(\.id)
                    #expect(expected == naive)
                    guard action == .read else {
                        for account in accounts {
                            let error = try await refusal {
                                try await service.update(Account(id: account.id, city: "Rom"), as: user)
                            }
                            #expect((error == nil) == expected.contains(account.id), "\(account)")
                        }
                        continue
                    }
                    let answer = try await service.accounts(as: user).listAccounts(
                        ListAccountsRequest(pageSize: 200, includeCount: true))
                    #expect(Set(answer.records.compactMap(\.id)) == Set(expected))
                    #expect(answer.count?.value == Int64(expected.count) && answer.records.count == expected.count)
                    let found = try await service.accounts(as: user).batchGetAccounts(
                        BatchGetAccountsRequest(ids: accounts.map(\.id)))
                    #expect(found.records.compactMap(\.id) == expected)
                }
            }
        }
    }

    /// Word for word, without the code that is tested.
    private static func mayReach(
        _ owner: UserID, _ unit: RecordID, _ shares: [Share], _ user: UserID, _ access: ObjectAccess, _ use: ShareUse,
        _ now: Timestamp
    ) -> Bool {
        if owner == user { return true }
        if access.scope(.read) == .unit, unit == access.audience.unit { return true }
        for share in shares {
            if let end = share.end, end <= now { continue }
            if use == .writing, !share.allowsWriting { continue }
            switch share.subject {
            case .user(let other) where other == user: return true
            case .role(let role) where access.audience.roles == [role]: return true
            case .unit(let other, let below):
                if other == access.audience.unit { return true }
                if below, access.audience.units.contains(other) { return true }
            default: continue
            }
        }
        return false
    }
}
