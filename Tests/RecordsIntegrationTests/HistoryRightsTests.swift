import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// Whom a record's history tells what.
@Suite struct HistoryRightsTests {
    @Test func tokensBelongToCallerAndRecord() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(Account(displayName: "a"))
            let other = try await service.create(Account(displayName: "b"))
            for account in [made, other] { try await service.update(Account(id: account.id, city: "x"), ["city"]) }
            let token = try #require(try await service.page(made.id, size: 1).nextPageToken)
            let list = try await service.accounts().listAccounts(ListAccountsRequest(orderBy: ["id"], pageSize: 1))
            let wrong: [(String, () async throws -> Void)] = [
                ("record", { _ = try await service.page(other.id, token: token) }),
                ("lifetime", { _ = try await service.page(made.id, deleted: true, token: token) }),
                ("caller", { _ = try await service.page(made.id, token: token, as: people.reader) }),
                ("changed", { _ = try await service.page(made.id, token: "x" + token) }),
                ("of a list", { _ = try await service.page(made.id, token: list.nextPageToken) }),
                ("to a list", { _ = try await service.accounts().listAccounts(ListAccountsRequest(pageToken: token)) }),
            ]
            for (what, call) in wrong {
                let error = try await denial(call)
                #expect(error.reason == "PAGE_TOKEN_INVALID", "\(what)")
            }
            let size = try await denial { try await service.page(made.id, size: 1001) }
            #expect(size.reason == "PAGE_SIZE_INVALID")
            try await TestService.run(SampleService.definition) { foreign in
                let error = try await denial { try await foreign.history(made.id) }
                #expect(error.reason == "RECORD_NOT_FOUND")
            }
        }
    }

    @Test func whoMayNotReadTheRecordNowHasNoHistory() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(Account(displayName: "a"), as: people.rep)
            #expect(try await service.history(made.id, as: people.colleague).count == 1)
            try await service.update(
                Account(id: made.id, ownerID: service.admin.id.text, departmentID: people.south.text),
                ["owner_id", "department_id"])
            for id in [made.id, RecordID.make().text] {
                let error = try await denial { try await service.history(id, as: people.rep) }
                #expect(error.reason == "RECORD_NOT_FOUND")
            }
            let none = try await denial { try await service.history(made.id, as: people.nobody) }
            #expect(none.reason == "PERMISSION_MISSING")
            try await service.delete(made)
            let gone = try await denial { try await service.history(made.id) }
            #expect(gone.reason == "RECORD_NOT_FOUND")
            #expect(try await service.history(made.id, deleted: true).map(\.method) == ["delete", "update", "create"])
        }
    }

    /// The reader sees no email, and of a phone number its last digits.
    @Test func whatIsHiddenWasNeverThere() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(
                Account(displayName: "a", phone: "+49307654321", email: "old@secret.example"))
            for number in 2...9 {
                try await service.update(Account(id: made.id, email: "n\(number)@secret.example"), ["email"])
            }
            try await service.update(
                Account(id: made.id, phone: "+49301112223", email: "new@secret.example", city: "Rom"),
                ["phone", "email", "city"])
            let first = try await service.page(made.id, size: 1, as: people.reader)
            #expect(first.changes.map(\.version) == [10])
            #expect(first.changes[0].changedFields == ["phone", "city"])
            #expect(first.changes[0].before == Account(phone: "•••4321"))
            #expect(first.changes[0].after == Account(phone: "•••2223", city: "Rom"))
            let last = try await service.page(made.id, size: 1, token: first.nextPageToken, as: people.reader)
            #expect(last.changes.map(\.version) == [1] && last.nextPageToken == nil)
            #expect(last.changes[0].after?.phone == "•••4321" && last.changes[0].after?.email == nil)
            #expect(last.changes[0].changedFields.contains("email") == false)
            #expect(try await service.history(made.id).count == 10)
        }
    }

    /// What masking takes away altogether is no more in the history than in the record; and a time that is hidden is told by no change.
    @Test func theRestOfAChangeTellsNothingOfIt() async throws {
        try await TestService.run(SampleService.definition) { service in
            func user(_ field: String, _ level: FieldLevel) -> UserID {
                service.makeUser([("account", "read", .all)], hiding: [("account", field, level)])
            }
            let made = try await service.create(Account(displayName: "a"))
            try await service.update(
                Account(id: made.id, annualRevenue: Money(currencyCode: "EUR", minorUnits: 1)), ["annual_revenue"])
            try await service.delete(made)
            for level in [FieldLevel.none, .masked] {
                let revenue = try await service.history(
                    made.id, deleted: true, as: user("annual_revenue", level))
                #expect(revenue.map(\.version) == [3, 1])
                let deletion = try await service.history(made.id, deleted: true, as: user("delete_time", level))
                #expect(deletion.map(\.method) == ["update", "create"])
                let updates = try await service.history(made.id, deleted: true, as: user("update_time", level))
                #expect(updates.map(\.changeTime) == [nil, nil, nil])
                let creation = try await service.history(made.id, deleted: true, as: user("create_time", level))
                #expect(creation.compactMap(\.changeTime).count == 2 && creation.last?.changeTime == nil)
                let owner = try await service.history(made.id, deleted: true, as: user("owner_id", level))
                #expect(owner.map(\.actorID) == [nil, nil, nil])
            }
        }
    }

    /// The name of a method may say what a hidden field became.
    @Test func theMethodIsNamedToWhoMaySeeAllThatItChanged() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(Account(displayName: "a"))
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                VALUES (gen_random_uuid(), now(), 'p.AccountService/WinAccount', 'account', '\(made.id ?? "")', 2,
                    '{"city":null,"email":null}', '{"city":"Rom","email":"a@b.example"}')
                """)
            #expect(try await service.history(made.id).first?.method == "WinAccount")
            #expect(try await service.history(made.id, as: people.reader).first?.method == "update")
        }
    }

    /// A field that the type no longer has, and what is told beside the record, such as that a password changed.
    @Test func whatIsNoFieldIsLeftOut() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now(), 'a/B', 'account', '\(made.id ?? "")', version, before::jsonb, after::jsonb
                FROM (VALUES (1, '{}', '{"password_changed":true}'), (2, '{"fax":"1"}', '{"fax":"2"}'),
                    (3, '{"fax":"2","city":null}', '{"fax":"3","city":"Rom"}')) AS row (version, before, after)
                """)
            let told = try await service.history(made.id)
            #expect(told.map(\.version) == [3, 1])
            #expect(told[0].changedFields == ["city"] && told[0].after == Account(city: "Rom"))
        }
    }
}
