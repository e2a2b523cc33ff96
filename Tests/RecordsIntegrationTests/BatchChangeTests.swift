import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import ServiceHost
import Tenancy
import TestService
import Testing

/// Many records changed, deleted and restored at once: each item as the method for one does it.
@Suite struct BatchChangeTests {
    private typealias Update = UpdateRequest<Account>

    private func outcomes(_ results: [ItemResult]) -> [String] {
        results.map { "\($0.index ?? 99) \($0.reason ?? "OK") \($0.field ?? "")" }
    }

    private func accounts(_ service: TestService, _ count: Int) async throws -> [Account] {
        try await service.batchCreate((0..<count).map { Account(displayName: "a\($0)", externalID: "E\($0)") }).records
    }

    @Test func eachItemSucceedsOrFailsAlone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 4)
            let gone = RecordID.make().text
            let response = try await service.batchUpdate([
                Update(record: Account(id: made[0].id, version: 1, city: "Rom")),
                Update(record: Account(displayName: "nobody")),
                Update(record: Account(id: gone, city: "Rom")),
                Update(record: Account(id: made[1].id, displayName: ""), updateMask: ["display_name"]),
                Update(record: Account(id: made[1].id, city: "Rom")),
                Update(record: Account(id: made[2].id, parentAccountID: gone)),
                Update(record: Account(id: made[3].id), updateMask: ["external_id", "no_field"]),
                Update(),
            ])
            #expect(
                outcomes(response.results) == [
                    "0 OK ", "1 INVALID_ID requests[1].account.id", "2 RECORD_NOT_FOUND ",
                    "3 REQUIRED requests[3].account.display_name", "4 OK ",
                    "5 REFERENCE_NOT_FOUND requests[5].account.parent_account_id",
                    "6 FIELD_UNKNOWN requests[6].update_mask[1]", "7 RECORD_MISSING requests[7].account",
                ])
            #expect(response.records.map(\.id) == [made[0].id, made[1].id])
            for account in response.records { #expect(try await service.get(account) == account) }
            #expect(response.records.map(\.version) == [2, 2] && response.records.map(\.city) == ["Rom", "Rom"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 6)
        }
    }

    /// The unique index speaks before everything has been sent, too: in a batch of which libpq sends the first part by itself.
    @Test(arguments: [18, 19, 30, 300]) func aTakenValueIsHeardInALongBatch(_ count: Int) async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, count)
            let response = try await service.batchUpdate(
                made.enumerated().map { index, account in
                    Update(record: Account(id: account.id, externalID: index == 0 ? "E\(count - 1)" : "new\(index)"))
                })
            #expect(response.results[0].reason == "EXTERNAL_ID_TAKEN")
            #expect(response.records.count == count - 1)
            for account in response.records { #expect(try await service.get(account) == account) }
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == Int64(2 * count - 1))
        }
    }

    /// The unique index speaks when everything has been sent; the items beside the refused ones are stored all the same.
    @Test func aTakenValueIsItsItemsAlone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 5)
            let response = try await service.batchUpdate([
                Update(record: Account(id: made[0].id, city: "Rom")),
                Update(record: Account(id: made[1].id, externalID: "E4")),
                // In order: the first gives its value up, the second takes it.
                Update(record: Account(id: made[2].id, externalID: "new")),
                Update(record: Account(id: made[3].id, externalID: "E2")),
            ])
            #expect(
                outcomes(response.results) == [
                    "0 OK ", "1 EXTERNAL_ID_TAKEN requests[1].account.external_id", "2 OK ", "3 OK ",
                ])
            #expect(response.records.map(\.externalID) == ["E0", "new", "E2"])
            #expect(try await service.get(made[1]).externalID == "E1")
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 8)
        }
    }

    @Test func whatIsRestoredMayBeTakenMeanwhile() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 3)
            let deleted = try await service.batchDelete(
                [DeleteRequest<Account>(id: made[0].id, version: 7)] + made.map { DeleteRequest(id: $0.id) })
            #expect(
                outcomes(deleted.results) == ["0 VERSION_CONFLICT ", "1 DUPLICATE requests[1].id", "2 OK ", "3 OK "])
            #expect(deleted.results[0].version == 1)
            try await service.create(Account(displayName: "heir", externalID: "E1"))
            let back = try await service.batchRestore(made.map { RestoreRequest<Account>(id: $0.id) })
            #expect(
                outcomes(back.results) == [
                    "0 RECORD_NOT_DELETED ", "1 EXTERNAL_ID_TAKEN requests[1].external_id", "2 OK ",
                ])
            #expect(back.records.map(\.id) == [made[2].id] && back.records[0].deleteTime == nil)
        }
    }

    @Test func editsAreMergedItemByItem() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 3)
            for account in made { try await service.update(Account(id: account.id, city: "Oslo")) }
            let response = try await service.batchUpdate([
                Update(record: Account(id: made[0].id, version: 1, city: "Rom")),
                Update(record: Account(id: made[1].id, version: 1, region: "Lazio")),
                Update(record: Account(id: made[2].id, version: 1, city: "Oslo", region: "Lazio")),
            ])
            #expect(outcomes(response.results) == ["0 VERSION_CONFLICT ", "1 OK ", "2 OK "])
            #expect(response.results[0].conflictingFields == ["city"] && response.results[0].version == 2)
            #expect(response.records.map(\.city) == ["Oslo", "Oslo"] && response.records.map(\.version) == [3, 3])
        }
    }

    @Test func scopesAndFieldRightsHoldForEachItem() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let own = try await service.create(Account(displayName: "own"), as: people.rep)
            let near = try await service.create(Account(displayName: "near"), as: people.colleague)
            let far = try await service.create(Account(displayName: "far"))
            let requests = [own, near, far].map { Update(record: Account(id: $0.id, city: "Rom")) }
            let response = try await service.batchUpdate(requests, as: people.rep)
            #expect(outcomes(response.results) == ["0 OK ", "1 RECORD_OUT_OF_SCOPE ", "2 RECORD_NOT_FOUND "])
            let given = try await service.batchUpdate(
                [Update(record: Account(id: own.id, ownerID: people.colleague.id.text))], as: people.rep)
            #expect(outcomes(given.results) == ["0 RECORD_OUT_OF_SCOPE "])
            let deleted = try await service.batchDelete(
                [own, near, far].map { DeleteRequest<Account>(id: $0.id) }, as: people.rep)
            #expect(outcomes(deleted.results) == ["0 OK ", "1 RECORD_OUT_OF_SCOPE ", "2 RECORD_NOT_FOUND "])
            let restored = try await service.batchRestore([RestoreRequest<Account>(id: own.id)], as: people.colleague)
            #expect(outcomes(restored.results) == ["0 RECORD_OUT_OF_SCOPE "])
            let read = try await service.batchUpdate(
                [Update(record: Account(id: far.id, city: "Bonn")), Update(record: Account(id: far.id, street: "s"))],
                as: people.reader)
            #expect(outcomes(read.results) == ["0 FIELD_NOT_WRITABLE ", "1 OK "])
            #expect(read.results[0].message?.contains("Rom") == false)
            for call in [
                { _ = try await service.batchUpdate(requests, as: people.nobody) },
                { _ = try await service.batchDelete([DeleteRequest<Account>(id: far.id)], as: people.reader) },
            ] as [() async throws -> Void] {
                #expect(try await denial(call).reason == "PERMISSION_MISSING")
            }
        }
    }

    @Test func sizesAreBounded() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 1000)
            for count in [0, 1001] {
                let requests = (0..<count).map { _ in Update(record: Account(id: made[0].id, city: "Rom")) }
                let refused = try await denial { try await service.batchUpdate(requests) }
                #expect(refused.reason == "BATCH_SIZE_INVALID")
                #expect(refused.message.contains("UpdateMatchingAccounts"))
                #expect(refused.message.contains("1 to 1000") && refused.message.contains("pages of a filtered list"))
            }
            let full = try await service.batchUpdate(
                made.reversed().map { Update(record: Account(id: $0.id, city: "Rom")) })
            #expect(full.records.map(\.id) == made.reversed().map(\.id) && full.results.count == 1000)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts WHERE city = 'Rom'") == 1000)
        }
    }

    /// Records that hold more than may be in memory are not all read.
    @Test func longRecordsAreRefusedBeforeTheyAreRead() async throws {
        try await TestService.run(SampleService.definition) { service in
            var ids: [String?] = []
            for number in 0..<5 {
                let text = String(repeating: "x", count: 3_000_000)
                ids.append(try await service.create(Account(displayName: "n\(number)", description: text)).id)
            }
            let requests = ids.map { Update(record: Account(id: $0, city: "Rom")) }
            let refused = try await denial { try await service.batchUpdate(requests) }
            #expect(refused.reason == "ANSWER_TOO_LONG" && refused.message.contains("fewer at a time"))
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts WHERE city = 'Rom'") == 0)
            let one = try await service.batchUpdate([requests[0]])
            #expect(one.records.map(\.city) == ["Rom"])
        }
    }

    @Test func repeatedBatchesAreDoneOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 2)
            let requests = [
                Update(record: Account(id: made[0].id, version: 1, city: "Rom")),
                Update(record: Account(id: made[1].id, externalID: "E0")),
            ]
            let first = try await service.batchUpdate(requests, requestID: "r")
            #expect(outcomes(first.results) == ["0 OK ", "1 EXTERNAL_ID_TAKEN requests[1].account.external_id"])
            let again = try await service.batchUpdate(requests, requestID: "r")
            #expect(again == first)
            #expect(try await service.get(made[0]).version == 2)
            // What may not be written any more cannot be asked for again.
            service.change(service.admin, to: [("*", "*", .all)], hiding: [("account", "city", .read)])
            let refused = try await denial { try await service.batchUpdate(requests, requestID: "r") }
            #expect(refused.reason == "FIELD_NOT_WRITABLE")
        }
    }

    /// Both end, whatever the order in which they name the records.
    @Test func batchesOverTheSameRecordsDoNotStopEachOther() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await accounts(service, 60)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<6 {
                    let order = number.isMultiple(of: 2) ? made : made.reversed()
                    group.addTask {
                        let response = try await service.batchUpdate(
                            order.map { UpdateRequest<Account>(record: Account(id: $0.id, city: "c\(number)")) })
                        return response.records.count
                    }
                }
                for try await count in group { #expect(count == 60) }
            }
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts WHERE version = 7") == 60)
            #expect(try await service.number("SELECT count(DISTINCT city) FROM {schema}.accounts") == 1)
        }
    }

    @Test func remoteReferencesAreAskedForTogether() async throws {
        try await TestService.run(SampleService.definition) { service in
            let deal = service.foreign.make("deal").text
            let made = try await service.batchCreate((0..<2).map { _ in Activity(kind: .call) }).records
            let response = try await service.batchUpdate([
                UpdateRequest(record: Activity(id: made[0].id, dealID: deal)),
                UpdateRequest(record: Activity(id: made[1].id, dealID: RecordID.make().text)),
            ])
            #expect(outcomes(response.results) == ["0 OK ", "1 REFERENCE_NOT_FOUND requests[1].activity.deal_id"])
            #expect(response.records.map(\.dealID) == [deal])
        }
    }
}

/// Rules that write for an item and refuse it then, or write another item's record.
@Suite struct BatchRuleTests {
    /// Writes an activity for each account that is created or changed; refuses late who is called bad, and passes a city on to the account
    /// above.
    private static let account = RecordType(
        Account.self,
        fields: [
            .field("display_name", .required, .line(200), .indexed),
            .field("external_id", .line(100), .unique("accounts_external_id_key")),
            .field("tax_id", .line(50), .unique("accounts_tax_id_key", ignoringCase: true)),
            .field("phone", .format(.phone)), .field("email", .format(.email)), .field("website", .format(.url)),
            .field("industry", .line(100)), .field("street", .line(200)), .field("city", .line(200), .indexed),
            .field("region", .line(100)), .field("postal_code", .line(20)), .field("description", .lines(1000)),
            .field("country_code", .format(.country)), .field("annual_revenue", .range(0...Int64.max), .indexed),
            .field("parent_account_id", .reference(.record("account"))),
        ],
        rules: RecordRules(
            guard: { change, transaction in
                guard change.cause == nil else { return }
                try await transaction.insert(
                    SampleService.activity, Activity(kind: .note, subject: change.after.text("display_name")),
                    by: .program)
                guard change.after.text("display_name") != "bad" else {
                    throw RPCError.failedPrecondition("BAD", "It is bad.", domain: "test")
                }
            },
            follow: { change, transaction in
                guard change.cause == nil, change.kind == .update, let above = change.after.text("parent_account_id")
                else { return }
                if change.after.text("display_name") == "late" {
                    throw RPCError.failedPrecondition("LATE", "It is late.", domain: "test")
                }
                let parent = try await transaction.load(change.type, id: above, for: .update)
                try await transaction.update(parent, by: .program) { $0.set("region", "told") }
            }))

    private static let definition = ServiceDefinition(
        SampleService.stream, records: [account, SampleService.contact, SampleService.activity])

    private func number(of kind: String, _ service: TestService) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.\(kind)")
    }

    @Test func nothingStaysOfWhatWasWrittenForARefusedItem() async throws {
        try await TestService.run(Self.definition) { service in
            let created = try await service.batchCreate([
                Account(displayName: "top"), Account(displayName: "bad"), Account(displayName: "b", externalID: "E"),
                Account(displayName: "c", externalID: "E"), Account(displayName: "d"),
            ])
            #expect(created.results.map(\.reason) == [nil, "BAD", nil, "EXTERNAL_ID_TAKEN", nil])
            #expect(created.results[3].field == "accounts[3].external_id")
            #expect(try await number(of: "activities", service) == 3)
            #expect(try await number(of: "ledger", service) == 6)
            let ids = created.records.map(\.id)
            let updated = try await service.batchUpdate([
                UpdateRequest(record: Account(id: ids[0], city: "Rom")),
                UpdateRequest(record: Account(id: ids[1], displayName: "bad")),
                UpdateRequest(record: Account(id: ids[2], displayName: "late", parentAccountID: ids[0])),
            ])
            #expect(updated.results.map(\.reason) == [nil, "BAD", "LATE"])
            #expect(updated.records.map(\.city) == ["Rom"])
            #expect(try await number(of: "activities", service) == 4)
            #expect(try await number(of: "ledger", service) == 8)
            #expect(try await service.get(created.records[2]) == created.records[2])
        }
    }

    /// An id that is taken is told as alone, after the rule wrote for it.
    @Test func aTakenIDIsExplained() async throws {
        try await TestService.run(Self.definition) { service in
            let gone = try await service.create(Account(displayName: "gone"))
            try await service.delete(gone)
            let made = try await service.batchCreate([
                Account(displayName: "a"), Account(id: gone.id, displayName: "b"),
            ])
            #expect(made.results.map(\.reason) == [nil, "RECORD_DELETED"])
            #expect(made.results[1].field == "accounts[1].id")
        }
    }

    /// The later item's record was changed by the rule of an earlier one: nothing of either is lost.
    @Test(arguments: [false, true]) func aRuleMayWriteTheRecordOfAnotherItem(_ isCareful: Bool) async throws {
        try await TestService.run(Self.definition) { service in
            let made = try await service.batchCreate(
                ["top", "child", "third"].map { Account(displayName: $0, externalID: $0) }
            ).records
            let child = UpdateRequest(record: Account(id: made[1].id, parentAccountID: made[0].id))
            let top = UpdateRequest(record: Account(id: made[0].id, version: 1, city: "Rom"))
            let third = UpdateRequest(record: Account(id: made[2].id, externalID: isCareful ? "top" : "free"))
            let response = try await service.batchUpdate([third, child, top])
            #expect(response.results.map(\.reason) == [isCareful ? "EXTERNAL_ID_TAKEN" : nil, nil, nil])
            let stored = try await service.get(made[0])
            #expect(stored.region == "told" && stored.city == "Rom" && stored.version == 3)
            // As it is in the end, also where the rule came after its own item.
            let back = try await service.batchUpdate([
                UpdateRequest(record: Account(id: made[0].id, city: "Oslo", region: "mine")),
                UpdateRequest(record: Account(id: made[1].id, city: "Oslo")),
            ])
            #expect(back.records.map(\.region) == ["told", nil] && back.records.map(\.version) == [5, 3])
            let now = try await service.get(made[0])
            #expect(now == back.records[0])
        }
    }
}
