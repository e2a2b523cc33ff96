import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What becomes of custom fields when records change, and when the model does.
extension CustomFieldTests {
    @Test func editsOfDifferentFieldsAreMergedAndOthersAreConflicts() async throws {
        try await Self.run { service in
            let made = try await service.create(
                account("a", CustomField(name: "size", intValue: 1), CustomField(name: "motto", stringValue: "m")))
            try await service.update(
                Account(id: made.id, version: 1, customFields: [CustomField(name: "size", intValue: 2)]))
            let merged = try await service.update(
                Account(id: made.id, version: 1, customFields: [CustomField(name: "motto", stringValue: "n")]))
            #expect(merged.version == 3 && value("size", in: merged)?.intValue == 2)
            let conflict = try await denial {
                try await service.update(
                    Account(id: made.id, version: 1, customFields: [CustomField(name: "size", intValue: 3)]))
            }
            #expect(conflict.reason == "VERSION_CONFLICT")
            let parts = try #require(conflict.conflict)
            #expect(parts.fields == ["custom.size"])
            let sizes = try [parts.base, parts.mine, parts.theirs].map {
                try Account(decoding: $0).customFields.first?.intValue
            }
            #expect(sizes == [1, 3, 2])
        }
    }

    @Test func aChangeIsTakenBack() async throws {
        try await Self.run { service in
            let made = try await service.create(account("a", CustomField(name: "size", intValue: 1)))
            try await service.update(
                Account(
                    id: made.id,
                    customFields: [
                        CustomField(name: "size", intValue: 2), CustomField(name: "motto", stringValue: "m"),
                    ]))
            let back = try await service.undo(made, 2)
            #expect(back.customFields == [CustomField(name: "size", intValue: 1)])
            let history = try await service.history(made.id)
            #expect(history.first?.changedFields == ["custom.motto", "custom.size"])
        }
    }

    /// A program of the service that sets declared fields leaves them as they are.
    @Test func whatRulesAndMethodsWriteLeavesThem() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            let context = service.context(AccountServiceMethods.updateAccount)
            _ = try await service.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                let loaded = try await transaction.load(SampleService.account, id: made.id, for: .update)
                var value = loaded.message.value(Account.self)
                value.city = "Rom"
                return UpdateAccountResponse(
                    record: transaction.present(
                        try await transaction.update(loaded, to: value, by: .program), as: Account.self))
            }
            let stored = try await service.get(made)
            #expect(stored.city == "Rom" && stored.customFields == Self.values)
        }
    }

    @Test func aWatchFollowsThem() async throws {
        try await Self.run { service in
            let small = try await service.create(account("small", CustomField(name: "size", intValue: 1)))
            let big = try await service.create(account("big", CustomField(name: "size", intValue: 100)))
            let watcher = try await Watcher(service, "custom.size >= 50")
            try await watcher.takeAll()
            #expect(watcher.records.keys.sorted() == [big.id].compactMap(\.self))
            let grown = try await service.update(
                Account(id: small.id, customFields: [CustomField(name: "size", intValue: 51)]))
            try await watcher.take(until: grown)
            try await service.update(Account(id: big.id, customFields: [CustomField(name: "size", intValue: 49)]))
            try await watcher.take { $0.gone == [big.id] }
            #expect(watcher.records.count == 1)
        }
    }

    /// A list that was not set is none, and no null that is no list.
    @Test func aWatchAsksForListsOfThePast() async throws {
        try await Self.run { service in
            let made = try await service.create(account("a"))
            let watcher = try await Watcher(service, "custom.sports = golf")
            try await watcher.takeAll()
            let player = try await service.update(
                Account(id: made.id, customFields: [CustomField(name: "sports", stringValues: ["golf"])]))
            try await watcher.take(until: player)
            try await service.update(Account(id: made.id), ["custom.sports"])
            try await watcher.take { $0.gone == [made.id] }
        }
    }

    /// Fields come and go while a watch is open: what it was asked for is told as far as it is there.
    @Test func aWatchOutlivesChangesOfTheModel() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            let masked = try await Watcher(service, mask: ["display_name", "custom.size"])
            let whole = try await Watcher(service)
            for watcher in [masked, whole] { try await watcher.takeAll() }
            #expect(masked.records[made.id ?? ""]?.customFields == [CustomField(name: "size", intValue: 42)])
            // Longer, without the first ones, and another one in the place of the third.
            for fields in [
                Self.fields + [TenantField(object: "account", number: 20, name: "new", kind: .text)],
                Array(Self.fields.dropFirst(3)),
                Self.fields.map {
                    $0.number == 3 ? TenantField(object: "account", number: 30, name: "size", kind: .text) : $0
                },
            ] {
                service.set(fields)
                for watcher in [masked, whole] {
                    let count = watcher.resetCount
                    while watcher.resetCount == count || !watcher.isWhole { try await watcher.take() }
                }
                let known = try await service.get(made)
                #expect(whole.records[made.id ?? ""] == known)
                #expect(masked.records[made.id ?? ""]?.customFields == known.customFields.filter { $0.name == "size" })
            }
        }
    }

    /// A name may come to stand for a field of another kind.
    @Test func aPageTokenIsOfTheKindOfItsKeys() async throws {
        try await Self.run { service in
            try await service.batchCreate(
                (0..<3).map { (size: Int64) in account("\(size)", CustomField(name: "size", intValue: size)) })
            func page(_ token: String?) async throws -> ListAccountsResponse {
                try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: ["custom.size"], pageSize: 1, pageToken: token))
            }
            let token = try await page(nil).nextPageToken
            service.set([TenantField(object: "account", number: 30, name: "size", kind: .text)])
            let refused = try await denial { try await page(token) }
            #expect(refused.reason == "PAGE_TOKEN_INVALID")
        }
    }

    /// Whoever reads, changes a field and sends all back is not stopped by a field that went meanwhile.
    @Test func whatAMaskDoesNotNameIsNotLookedAt() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            service.set(Self.fields.filter { $0.name != "size" })
            var record = try await service.get(made)
            record.customFields = Self.values
            record.city = "Rom"
            #expect(try await service.update(record, ["city"]).city == "Rom")
            #expect(try await service.update(record, ["city", "custom.motto"]).version == 2)
            let named = try await denial { try await service.update(record, ["custom_fields"]) }
            #expect(named.fieldViolations.map(\.reason) == ["CUSTOM_FIELD_UNKNOWN"])
        }
    }

    @Test func aRepeatedAnswerTellsNoFieldThatIsGone() async throws {
        try await Self.run { service in
            let clerk = service.makeUser([("account", "*", .all)])
            let made = try await service.create(account("a", CustomField(name: "size", intValue: 1)))
            func update() async throws -> Account {
                try await service.update(Account(id: made.id, city: "Rom"), as: clerk, requestID: "r")
            }
            #expect(try await update().customFields.count == 1)
            service.change(clerk, to: [("account", "*", .all)], hiding: [("account", "custom.size", .none)])
            service.set([TenantField]())
            #expect(try await update().customFields == [])
        }
    }

    @Test func aProgramReadsAndSetsThem() async throws {
        try await Self.run { service in
            let made = try await service.create(Account(customFields: Self.values, displayName: "a"))
            let context = service.context(AccountServiceMethods.updateAccount)
            _ = try await service.engine.transaction(context, request: UpdateAccountRequest()) { transaction in
                let loaded = try await transaction.load(SampleService.account, id: made.id, for: .update)
                var value = loaded.value(Account.self)
                #expect(value.customFields == Self.values)
                value.customFields = [CustomField(name: "size", intValue: 7)]
                let stored = try await transaction.update(loaded, to: value, by: .program)
                return UpdateAccountResponse(record: transaction.present(stored, as: Account.self))
            }
            let stored = try await service.get(made)
            #expect(value("size", in: stored)?.intValue == 7 && stored.customFields.count == Self.values.count)
        }
    }

    @Test func anExportHasThem() async throws {
        try await Self.run { service in
            try await service.create(Account(customFields: Self.values, displayName: "a"))
            let stream = try await service.accounts().exportAccounts(
                ExportAccountsRequest(orderBy: ["custom.size"], readMask: ["custom.size"]))
            var records: [Account] = []
            while let response = try await stream.next() { records += response.records }
            #expect(records.map(\.customFields) == [[CustomField(name: "size", intValue: 42)]])
        }
    }
}
