import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// A watcher is told what he may see at the moment, and no id of what he never could.
@Suite struct WatchRightsTests {
    @Test func recordsGivenAwayAreGoneAndThoseOfOthersAreNot() async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .own), ("account", "create", .own)])
            let watcher = try await Watcher(service, as: rep)
            try await watcher.takeAll()
            let mine = try await service.create(Account(displayName: "Mine"), as: rep)
            let theirs = try await service.create(Account(displayName: "Theirs"))
            try await watcher.take(until: mine)
            try await service.update(Account(id: theirs.id, version: 1, city: "Rom"))
            try await service.delete(Account.self, theirs.id)
            try await service.update(Account(id: mine.id, version: 1, ownerID: service.admin.id.text))
            try await watcher.take { $0.gone == [mine.id] }
            try await service.update(Account(id: mine.id, version: 2, city: "Rom"))
            try await service.delete(Account.self, mine.id)
            let end = try await service.create(Account(displayName: "End"), as: rep)
            try await watcher.take(until: end)
            let (mineID, endID) = (mine.id ?? "", end.id ?? "")
            #expect(watcher.told == ["\(mineID) 1", "\(endID) 1"])
            #expect(watcher.gone == [mineID])
        }
    }

    @Test func hiddenFieldsAreHiddenAndNoFilterAsksForThem() async throws {
        try await WatchTests.run { service in
            let people = People(service)
            let watcher = try await Watcher(service, as: people.reader)
            try await watcher.takeAll()
            let account = try await service.create(
                Account(displayName: "Acme", phone: "+4989123456", email: "a@b.example"))
            try await watcher.take(until: account)
            let seen = try await service.get(account, as: people.reader)
            #expect(watcher.records[account.id ?? ""] == seen && seen.email == nil && seen.phone != account.phone)
            let refused = try await refusal {
                try await Watcher(service, #"email = "a@b.example""#, as: people.reader).take()
            }
            #expect(refused?.reason == "FIELD_NOT_READABLE")
            let nobody = try await refusal { try await Watcher(service, as: people.nobody).take() }
            #expect(nobody?.reason == "PERMISSION_MISSING")
        }
    }

    /// It begins anew, with what he may see now. Nothing is told by the old rights.
    @Test func otherRightsBeginAnew() async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .all)])
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"))
            let watcher = try await Watcher(service, as: rep)
            try await watcher.takeAll()
            _ = service.makeUser([("account", "read", .all)])
            service.change(rep, to: [("account", "read", .all)], hiding: [("account", "city", .none)])
            try await watcher.take { $0.resetCount == 1 && $0.isWhole }
            #expect(watcher.records[account.id ?? ""]?.city == nil && watcher.records.count == 1)
            service.change(rep, to: [("account", "read", .own)])
            let changed = try await service.update(Account(id: account.id, version: 1, city: "Bonn"))
            try await watcher.take { $0.resetCount == 2 && $0.isWhole }
            let mine = try await service.update(Account(id: account.id, version: 2, ownerID: rep.id.text))
            try await watcher.take(until: mine)
            let old = "\(changed.id ?? "") 2"
            #expect(!watcher.told.contains(old))
            #expect(watcher.gone.isEmpty)
        }
    }

    /// What a watch begins with counts as a list does: for who may not export, it ends where the budget does, with the same words.
    @Test func theFirstRecordsAreTakenFromTheReadBudget() async throws {
        try await WatchTests.run { service in
            service.set(WorkspaceSettings(readRowsPerDayMax: 300))
            try await service.batchCreate((0..<450).map { Account(displayName: "Account \($0)") })
            let rep = service.makeUser([("account", "read", .all)])
            let watcher = try await Watcher(service, as: rep)
            let watched = try await refusal { try await watcher.takeAll() }
            #expect(watcher.records.count == 200)
            let client = service.accounts(as: rep)
            #expect(try await client.listAccounts(ListAccountsRequest(pageSize: 300)).records.count == 100)
            let listed = try await refusal { try await client.listAccounts(ListAccountsRequest(pageSize: 1)) }
            #expect(watched?.code == .resourceExhausted && watched?.reason == "READ_BUDGET_EXHAUSTED")
            #expect(watched?.reason == listed?.reason && watched?.message == listed?.message)
            // Nor does the token help, or a watch of its own; what changes is told as ever.
            let resumed = try await Watcher(service, as: rep, insteadOf: watcher)
            #expect(try await refusal { try await resumed.takeAll() }?.reason == "READ_BUDGET_EXHAUSTED")
            let again = try await Watcher(service, as: rep)
            #expect(try await refusal { try await again.takeAll() }?.reason == "READ_BUDGET_EXHAUSTED")
            let changes = try await Watcher(service, as: rep, changesOnly: true)
            try await changes.take()
            try await changes.take(until: try await service.create(Account(displayName: "New")))
            let exporter = service.makeUser([("account", "read", .all), ("account", "export", .all)])
            let all = try await Watcher(service, as: exporter)
            try await all.takeAll()
            #expect(all.records.count == 451)
        }
    }

    /// A token is no way to read the same records again and again. What changes while he watches is told as ever.
    @Test func whatIsToldAfterATokenIsTakenFromTheReadBudget() async throws {
        try await WatchTests.run { service in
            // For three pages of 100, and for the row of the update: the watch may not know yet that it has caught up.
            service.set(WorkspaceSettings(readRowsPerDayMax: 340))
            let rep = service.makeUser([("account", "read", .all)])
            let watcher = try await Watcher(service, as: rep, changesOnly: true)
            try await watcher.take()
            watcher.cancel()
            let made = try await service.batchCreate((0..<200).map { Account(displayName: "Account \($0)") }).records
            let first = try await Watcher(service, as: rep, after: watcher.token, changesOnly: true)
            try await first.take { $0.told.count == 200 }
            try await first.take(until: try await service.update(Account(id: made.last?.id, version: 1, city: "Rom")))
            first.cancel()
            let second = try await Watcher(service, as: rep, after: watcher.token, changesOnly: true)
            let refused = try await refusal { try await second.take { $0.told.count == 200 } }
            #expect(refused?.code == .resourceExhausted && refused?.reason == "READ_BUDGET_EXHAUSTED")
            #expect(second.told.count == 100)
            let again = try await Watcher(service, as: rep, after: watcher.token, changesOnly: true)
            #expect(try await refusal { try await again.take() }?.reason == "READ_BUDGET_EXHAUSTED")
            // With more to read it goes on where it ended.
            let token = refused?.details.first { $0.key == "resume_token" }?.value
            service.set(WorkspaceSettings(readRowsPerDayMax: 1_000))
            let later = try await Watcher(service, as: rep, after: token, changesOnly: true)
            try await later.take { $0.told.count == 100 }
            let told = Set(second.told + later.told)
            #expect(told.count == 200)
            let exporter = service.makeUser([("account", "read", .all), ("account", "export", .all)])
            service.set(WorkspaceSettings(readRowsPerDayMax: 0))
            let beginning = try await Watcher(service, as: exporter, changesOnly: true)
            try await beginning.take()
            let end = try await service.create(Account(displayName: "End"))
            let free = try await Watcher(service, as: exporter, after: beginning.token, changesOnly: true)
            try await free.take(until: end)
        }
    }

    @Test func aTokenOfOtherRightsBeginsAnew() async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .all)])
            try await service.create(Account(displayName: "Acme"))
            let watcher = try await Watcher(service, as: rep)
            try await watcher.takeAll()
            watcher.cancel()
            service.change(rep, to: [("account", "read", .own)])
            let resumed = try await Watcher(service, as: rep, insteadOf: watcher)
            try await resumed.take { $0.isWhole && $0.resetCount == 1 }
            #expect(resumed.records.isEmpty)
        }
    }

    /// At once: within 200 ms and a look, on a machine that has nothing else to do. A workspace that is closed, too.
    @Test(arguments: ["disabled", "closed", "without rights"])
    func whoMayNothingAnyMoreIsCutOff(how: String) async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .all)])
            let watcher = try await Watcher(service, as: rep)
            try await watcher.takeAll()
            let begin = ContinuousClock.now
            switch how {
            case "disabled": service.disable(rep)
            case "closed": service.close()
            default: service.change(rep, to: [])
            }
            let refused = try await refusal { try await watcher.take() }
            #expect(refused?.reason == (how == "without rights" ? "PERMISSION_MISSING" : "USER_UNKNOWN"))
            #expect(ContinuousClock.now - begin < .seconds(3))
        }
    }
}
