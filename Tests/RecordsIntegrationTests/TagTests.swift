import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import FilterModel
@testable import Records

/// Tags of records: who tags at once with others has his way, who does not see a tag learns nothing of it, on no road.
@Suite struct TagTests {
    /// Does everything with accounts, and sees his own tags and those that are shared with him.
    private static func rep(_ service: TestService, in department: RecordID? = nil) -> UserID {
        service.makeUser([("account", "*", .all), ("tag", "read", .own)], in: department)
    }

    private static func tag(_ account: Account, _ tags: [String], version: Int64? = nil) -> Account {
        Account(id: account.id, version: version, tagIDs: tags)
    }

    @Test func twoWhoTagAtOnceBothHaveTheirWay() async throws {
        try await TestService.run(SampleService.definition) { service in
            let tags = (0..<4).map { _ in service.makeTag(forAll: true) }
            let made = try await service.create(Account(tagIDs: [tags[1], tags[0], tags[1]], displayName: "a"))
            #expect(made.tagIDs == [tags[0], tags[1]].sorted())
            // Both read version 1: one adds a tag, the other takes one away and adds another.
            try await service.update(Self.tag(made, [tags[0], tags[1], tags[2]], version: 1), ["tag_ids"])
            let merged = try await service.update(Self.tag(made, [tags[0], tags[3]], version: 1), ["tag_ids"])
            #expect(Set(merged.tagIDs) == [tags[0], tags[2], tags[3]])
            // Without a version what is sent is what there shall be.
            let last = try await service.update(Self.tag(made, [tags[1]]), ["tag_ids"])
            #expect(last.tagIDs == [tags[1]])
            let upserted = try await service.create(Account(tagIDs: [tags[0]], displayName: "k", externalID: "k"))
            let again = try await service.upsert(Account(tagIDs: [tags[2], tags[3]], externalID: "k")).record
            #expect(again.id == upserted.id && Set(again.tagIDs) == [tags[2], tags[3]])
        }
    }

    @Test func nothingTellsOfATagThatSomebodyDoesNotSee() async throws {
        try await TestService.run(SampleService.definition) { service in
            let (user, hers) = (Self.rep(service), service.makeTag())
            let deleted = service.makeTag()
            service.deleteTag(deleted)
            let account = try await service.create(Account(tagIDs: [hers], displayName: "a", externalID: "x"))
            try await service.create(Account(displayName: "b"))
            let client = service.accounts(as: user)
            let listed = try await client.listAccounts(ListAccountsRequest(readMask: ["tag_ids"]))
            #expect(listed.records.map(\.tagIDs) == [[], []])
            let exported = try await client.exportAccounts(ExportAccountsRequest()).next()?.records ?? []
            #expect(exported.map(\.tagIDs) == [[], []])
            let batch = try await client.batchGetAccounts(BatchGetAccountsRequest(ids: [account.id ?? ""]))
            #expect(batch.records.map(\.tagIDs) == [[]])
            let history = try await client.listAccountChanges(ListAccountChangesRequest(id: account.id))
            let first = try #require(history.changes.first)
            #expect(!first.changedFields.contains("tag_ids") && first.after?.tagIDs == [])
            let isSet = try await service.list(Account.self, "tag_ids is set", as: user)
            #expect(isSet.isEmpty)
            let counted = try await client.listAccounts(
                ListAccountsRequest(filterExpression: "not (tag_ids is set)", includeCount: true))
            #expect(counted.count?.value == 2)
            // One that is hidden, one that is deleted, one of another workspace, one that never was: the same words.
            var told: Set<String> = []
            for unseen in [hers, deleted, RecordID.make().text] {
                let roads: [(String, () async throws -> Void)] = [
                    ("filter", { _ = try await service.list(Account.self, "tag_ids = \"\(unseen)\"", as: user) }),
                    ("negation", { _ = try await service.list(Account.self, "tag_ids != \"\(unseen)\"", as: user) }),
                    (
                        "list of values",
                        { _ = try await service.list(Account.self, "tag_ids in (\"\(unseen)\")", as: user) }
                    ),
                    (
                        "count",
                        {
                            _ = try await client.listAccounts(
                                ListAccountsRequest(filterExpression: "tag_ids ~ \"\(unseen)\"", includeCount: true))
                        }
                    ),
                    (
                        "export",
                        {
                            _ = try await client.exportAccounts(
                                ExportAccountsRequest(filterExpression: "tag_ids = \"\(unseen)\"")
                            ).next()
                        }
                    ),
                    (
                        "watch",
                        {
                            _ = try await client.watchAccounts(
                                WatchAccountsRequest(filterExpression: "tag_ids = \"\(unseen)\"")
                            ).next()
                        }
                    ),
                    ("create", { _ = try await service.create(Account(tagIDs: [unseen], displayName: "n"), as: user) }),
                    ("update", { _ = try await service.update(Self.tag(account, [unseen]), ["tag_ids"], as: user) }),
                    ("upsert", { _ = try await service.upsert(Account(tagIDs: [unseen], externalID: "x"), as: user) }),
                    (
                        "bulk",
                        {
                            _ = try await client.updateMatchingAccounts(
                                UpdateMatchingAccountsRequest(
                                    filterExpression: "display_name = a", preview: true, removeTagIDs: [unseen]))
                        }
                    ),
                ]
                for (road, take) in roads {
                    let error = try await denial(take)
                    #expect(error.reason == "TAG_UNKNOWN", "\(road): \(error)")
                    told.insert("\(road): \(error.message.replacing(unseen, with: "ID"))")
                }
                let several = try await service.batchCreate([Account(tagIDs: [unseen], displayName: "n")], as: user)
                #expect(several.results.map(\.code) == [Int32(StatusCode.invalidArgument.rawValue)])
            }
            #expect(told.count == 10, "\(told)")
            let order = try await denial { try await service.list(Account.self, by: ["tag_ids"], as: user) }
            #expect(order.reason == "ORDER_INVALID")
            #expect(try await service.get(account).tagIDs == [hers])
        }
    }

    @Test func whoIsSharedWithSees() async throws {
        try await TestService.run(SampleService.definition) { service in
            let north = service.makeDepartment()
            let below = service.makeDepartment(under: north)
            let owner = Self.rep(service, in: north)
            let (near, far) = (Self.rep(service, in: below), Self.rep(service))
            let (own, shared) = (service.makeTag(of: owner), service.makeTag(of: owner, in: [north]))
            let everybodys = service.makeTag(of: owner, forAll: true)
            let account = try await service.create(
                Account(tagIDs: [own, shared, everybodys], displayName: "a"), as: owner)
            func seen(_ user: UserID) async throws -> Set<String> {
                Set(try await service.get(account, as: user).tagIDs)
            }
            #expect(try await seen(owner) == [own, shared, everybodys])
            #expect(try await seen(near) == [shared, everybodys])
            #expect(try await seen(far) == [everybodys])
            #expect(try await seen(service.admin) == [own, shared, everybodys])
            // Who may read no tag at all sees none that is shared with everybody.
            #expect(try await seen(service.makeUser([("account", "read", .all)])).isEmpty)
            // The answer to a repetition is as the caller may see it then.
            let edit = Account(id: account.id, city: "Rom")
            let written = try await service.update(edit, as: near, requestID: "r-1")
            service.move(near, to: service.home)
            let again = try await service.update(edit, as: near, requestID: "r-1")
            #expect(Set(written.tagIDs) == [shared, everybodys] && again.version == written.version)
            #expect(again.tagIDs == [everybodys])
        }
    }

    @Test func aRecordHasFiftyTags() async throws {
        try await TestService.run(SampleService.definition) { service in
            let tags = (0..<51).map { _ in service.makeTag(forAll: true) }
            let user = Self.rep(service)
            let account = try await service.create(Account(tagIDs: Array(tags.prefix(50)), displayName: "a"))
            let error = try await denial { try await service.update(Self.tag(account, tags), ["tag_ids"]) }
            #expect(
                error.fieldViolations.map(\.reason) == ["TOO_MANY"]
                    && error.fieldViolations.map(\.field) == ["account.tag_ids"])
            // What others keep for themselves takes no room, so nobody learns of it.
            let hidden = (0..<30).map { _ in service.makeTag() }
            let other = try await service.create(Account(tagIDs: hidden, displayName: "b"))
            let full = try await service.update(Self.tag(other, Array(tags.prefix(50))), ["tag_ids"], as: user)
            #expect(full.tagIDs.count == 50)
            #expect(try await service.get(other).tagIDs.count == 80)
            // Who sees more may go on taking away.
            let fewer = try await service.update(Self.tag(other, Array(hidden + tags.prefix(49))), ["tag_ids"])
            #expect(fewer.tagIDs.count == 79)
            let most = (0...PolicyTag.keptPerRecordMax).map { _ in RecordID.make().text }
            let refused = try await denial { try await service.update(Self.tag(account, most), ["tag_ids"]) }
            #expect(refused.fieldViolations.map(\.reason) == ["TOO_MANY"])
        }
    }

    @Test func manyAreTaggedAtOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let (old, new) = (service.makeTag(forAll: true), service.makeTag(forAll: true))
            let hidden = service.makeTag()
            for name in ["a", "b"] {
                try await service.create(Account(tagIDs: [old, hidden], displayName: name, city: "Rom"))
            }
            let client = service.accounts(as: Self.rep(service))
            func preview(_ request: UpdateMatchingAccountsRequest) async throws -> UpdateMatchingAccountsResponse {
                var request = request
                (request.filterExpression, request.preview) = ("city = Rom", true)
                return try await client.updateMatchingAccounts(request)
            }
            let added = try await preview(UpdateMatchingAccountsRequest(addTagIDs: [new]))
            let after = [old, new].sorted()
            #expect(added.count?.value == 2 && added.records.map(\.tagIDs) == [after, after])
            let both = try await preview(
                UpdateMatchingAccountsRequest(
                    record: Account(city: "Ulm"), addTagIDs: [new], removeTagIDs: [old]))
            #expect(both.records.map(\.tagIDs) == [[new], [new]] && both.records.map(\.city) == ["Ulm", "Ulm"])
            let cases = [
                UpdateMatchingAccountsRequest(addTagIDs: [new], removeTagIDs: [new]),
                UpdateMatchingAccountsRequest(record: Account(tagIDs: [new]), addTagIDs: [old]),
                UpdateMatchingAccountsRequest(record: Account(), updateMask: ["tag_ids"]),
                UpdateMatchingAccountsRequest(addTagIDs: ["x"]),
                UpdateMatchingAccountsRequest(addTagIDs: (0...50).map { _ in new }),
            ]
            var reasons: [String] = []
            for request in cases { reasons.append(try await denial { try await preview(request) }.reason) }
            #expect(reasons == ["DUPLICATE", "TAGS_LISTED", "TAGS_LISTED", "INVALID_ID", "BATCH_SIZE_INVALID"])
            let (left, before) = (try await service.list(Account.self).map(\.tagIDs), [old, hidden].sorted())
            #expect(left == [before, before])
        }
    }

    /// What is made of an event for one watcher goes to another only if he sees the same tags.
    @Test func watchersAreToldTheirOwnTags() async throws {
        try await WatchTests.run { service in
            let (user, twin) = (Self.rep(service), Self.rep(service))
            let (all, hers) = (service.makeTag(forAll: true), service.makeTag())
            let made = try await service.create(Account(tagIDs: [all], displayName: "a"))
            let watchers = [
                try await Watcher(service), try await Watcher(service, as: user), try await Watcher(service, as: twin),
                try await Watcher(service, "tag_ids = \"\(all)\"", as: user),
            ]
            for watcher in watchers { try await watcher.takeAll() }
            // A tag that is made meanwhile is told with the next change, and nothing begins anew.
            let his = service.makeTag(of: user)
            try await service.update(Self.tag(made, [all, hers]), ["tag_ids"])
            let last = try await service.update(Self.tag(made, [all, his]), ["tag_ids"], as: user)
            for watcher in watchers { try await watcher.take(until: last) }
            let told = watchers.map { Set($0.records[made.id ?? ""]?.tagIDs ?? []) }
            #expect(told == [[all, hers, his], [all, his], [all], [all, his]])
            #expect(watchers.map(\.resetCount) == [0, 0, 0, 0])
            // Who watches by a tag that is hidden from him meanwhile is told so.
            service.makeTag(id: try #require(RecordID(all)))
            try await service.update(Account(id: made.id, city: "Rom"))
            let error = try await denial { try await watchers[3].take(until: { $0.resetCount > 0 }) }
            #expect(error.reason == "TAG_UNKNOWN")
            for watcher in watchers { watcher.cancel() }
        }
    }

    /// Filters by tags select in SQL what they select in memory, for users who see different tags.
    @Test func sqlAndMemoryAgreeAboutTags() async throws {
        try await TestService.run(SampleService.definition) { service in
            let user = Self.rep(service)
            let seen = (0..<4).map { _ in service.makeTag(forAll: true) } + [service.makeTag(of: user)]
            // The admin sees more than are compared one by one.
            let tags = seen + (0..<60).map { _ in service.makeTag() }
            var accounts: [Account] = []
            for number in 0..<80 {
                let some = tags.filter { _ in Int.random(in: 0..<12) == 0 }
                accounts.append(try await service.create(Account(tagIDs: some, displayName: "a\(number % 3)")))
            }
            for (asking, known) in [(user, seen), (service.admin, tags)] {
                let context = service.context(AccountServiceMethods.listAccounts, as: asking)
                let call = try await service.engine.authorise(context, SampleService.account, .read)
                for round in 0..<150 {
                    let text = Self.filter(depth: 3, known)
                    let filter = try #require(try service.engine.resolve(FilterParser.parse(text), call))
                    let naive = Set(accounts.filter { filter.matches($0.message(in: Arena())) }.compactMap(\.id))
                    let found = try await service.accounts(as: asking).listAccounts(
                        ListAccountsRequest(filterExpression: text, pageSize: 1000))
                    #expect(Set(found.records.compactMap(\.id)) == naive, "round \(round): \(text)")
                    // Nothing that is hidden from him decides: the same records without these tags give the same.
                    let cut = accounts.filter { account in
                        var account = account
                        account.tagIDs = account.tagIDs.filter(known.contains)
                        return filter.matches(account.message(in: Arena()))
                    }
                    #expect(Set(cut.compactMap(\.id)) == naive, "round \(round): \(text)")
                }
            }
        }
    }

    private static func filter(depth: Int, _ tags: [String]) -> String {
        func tag() -> String { "\"\(tags.randomElement() ?? "")\"" }
        switch depth > 0 ? Int.random(in: 0..<5) : 4 {
        case 0: return "not (\(filter(depth: depth - 1, tags)))"
        case 1: return "(\(filter(depth: depth - 1, tags)) and \(filter(depth: depth - 1, tags)))"
        case 2: return "(\(filter(depth: depth - 1, tags)) or \(filter(depth: depth - 1, tags)))"
        default:
            return [
                "tag_ids = \(tag())", "tag_ids != \(tag())", "tag_ids ~ \(tag())", "tag_ids in (\(tag()), \(tag()))",
                "tag_ids is set", "display_name = a1",
            ].randomElement() ?? ""
        }
    }
}
