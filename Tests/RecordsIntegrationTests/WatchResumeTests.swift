import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Synchronization
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing

@testable import Records

/// Nothing is lost and nothing told twice: beside writers, over interruptions, and for who reads slowly.
@Suite struct WatchResumeTests {
    private func write(_ service: TestService, _ rep: UserID, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var mine: [Account] = []
        for _ in 0..<25 {
            let city = ["Rom", "Bonn"].randomElement(using: &random)
            let owner = [rep, service.admin].randomElement(using: &random)?.id.text
            guard let index = mine.indices.randomElement(using: &random), mine.count > 3 else {
                mine.append(try await service.create(Account(ownerID: owner, displayName: "A", city: city)))
                continue
            }
            let old = mine[index]
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where old.deleteTime == nil: mine[index] = try await service.delete(old)
            case _ where old.deleteTime != nil: mine[index] = try await service.restore(old)
            case 1: mine[index] = try await service.update(Account(id: old.id, version: old.version, ownerID: owner))
            default: mine[index] = try await service.update(Account(id: old.id, version: old.version, city: city))
            }
        }
    }

    /// Of each watcher: the picture that he has in the end is the list, and no version came twice after the first records.
    private func follow(
        _ service: TestService, _ filter: String, as user: UserID, seed: UInt64, until isOver: () -> String?
    ) async throws -> Watcher {
        var random = SeededGenerator(seed: seed)
        var watcher = try await Watcher(service, filter, as: user)
        while true {
            let last = isOver()
            if let last, watcher.isWhole, watcher.records[last] != nil { return watcher }
            do {
                try await watcher.take()
                guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
            } catch let error as RPCError where error.reason == "WORKSPACE_BUSY" {}
            watcher.cancel()
            watcher = try await Watcher(service, filter, as: user, insteadOf: watcher)
        }
    }

    @Test(arguments: [1, 2])
    func besideWritersEveryWatcherHasTheWholePicture(seed: UInt64) async throws {
        try await WatchTests.runTwice { service, other in
            let rep = service.makeUser([("account", "read", .own)])
            other.change(rep, to: [("account", "read", .own)])
            let last = Mutex<String?>(nil)
            let writing = service.postgres.start {
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for number in UInt64(0)..<4 {
                        let writer = number % 2 == 0 ? service : other
                        writers.addTask { try await write(writer, rep, seed: seed * 100 + number) }
                    }
                    try await writers.waitForAll()
                }
                let end = try await service.create(Account(ownerID: rep.id.text, displayName: "End", city: "Rom"))
                last.withLock { $0 = end.id }
            }
            for user in [service.admin, rep] {
                let watcher = try await follow(service, "city = Rom", as: user, seed: seed) { last.withLock { $0 } }
                let listed = try await service.list(Account.self, "city = Rom", as: user)
                let expected = Dictionary(uniqueKeysWithValues: listed.map { ($0.id ?? "", $0) })
                #expect(watcher.records == expected)
                let changes = watcher.changes
                #expect(changes.count == Set(changes).count)
                let seen = try await everSeen(service, user)
                #expect(Set(watcher.gone).isSubset(of: seen))
            }
            try await writing.value
        }
    }

    /// Ids of records that the user owned at some time, or all.
    private func everSeen(_ service: TestService, _ user: UserID) async throws -> Set<String> {
        let owner = "'\(user.id.text)' IN (before->>'owner_id', after->>'owner_id')"
        let condition = user == service.admin ? "true" : owner
        return Set(
            try await service.sql("SELECT record_id FROM {schema}.ledger WHERE \(condition)").map { try $0.id(0).text })
    }

    /// The token is good in another instance and after a restart, from within the first records, too.
    @Test func aTokenGoesOnAnywhere() async throws {
        try await WatchTests.runTwice { service, other in
            try await service.batchCreate((0..<500).map { Account(displayName: "Account \($0)") })
            let watcher = try await Watcher(service)
            try await watcher.take { $0.records.count == 200 }
            watcher.cancel()
            let new = try await service.create(Account(displayName: "New"))
            let resumed = try await Watcher(other, insteadOf: watcher)
            try await resumed.takeAll()
            try await resumed.take(until: new)
            #expect(resumed.records.count == 501)
            #expect(resumed.resetCount == 0)
            resumed.cancel()
            let later = try await service.create(Account(displayName: "Later"))
            let again = try await Watcher(service, insteadOf: resumed)
            try await again.take(until: later)
            // Only what came up within the first records may be told again.
            let known = Set(resumed.told)
            #expect(again.told.filter { !known.contains($0) } == ["\(later.id ?? "") 1"])
            #expect(again.told.count(where: { $0 == "\(new.id ?? "") 1" }) <= 2)
        }
    }

    @Test func aTokenThatIsOldOrOfAnotherIsRefused() async throws {
        try await WatchTests.run { service in
            let watcher = try await Watcher(service)
            try await watcher.takeAll()
            let good = try #require(watcher.token)
            try await WatchTests.run { other in
                for token in [good, "x", good + "A"] {
                    let refused = try await refusal { try await Watcher(other, after: token).take() }
                    #expect(refused?.reason == "FEED_CURSOR_INVALID" && refused?.code == .outOfRange)
                }
            }
            for _ in 0..<3 { try await service.create(Account(displayName: "Acme")) }
            try await service.sql("UPDATE {schema}.meta SET feed_floor = 1000")
            let refused = try await refusal { try await Watcher(service, after: watcher.token).take() }
            #expect(refused?.reason == "FEED_CURSOR_EXPIRED" && refused?.code == .outOfRange)
        }
    }

    @Test func whoReadsTooSlowlyIsToldSoAndGoesOnWithTheToken() async throws {
        var limits = WatchLimits()
        (limits.batchesKeptMax, limits.bytesKeptMax) = (1, 1)
        try await WatchTests.run(limits) { service in
            let (slow, quick) = (try await Watcher(service), try await Watcher(service))
            try await slow.takeAll()
            try await quick.takeAll()
            for _ in 0..<20 { try await quick.take(until: try await service.create(Account(displayName: "Acme"))) }
            let refused = try await refusal { while true { try await slow.take() } }
            #expect(refused?.reason == "WATCH_TOO_SLOW" && refused?.code == .resourceExhausted)
            #expect(slow.records.count < 20)
            let told = refused?.details.first { $0.key == "resume_token" }?.value
            #expect(told != nil)
            let resumed = try await Watcher(service, insteadOf: slow)
            try await resumed.take { $0.records.count == 20 }
            let different = Set(resumed.told).count
            #expect(different == 20)
            #expect(resumed.told.count == 20)
        }
    }

    @Test func watchersAreCounted() async throws {
        var limits = WatchLimits()
        (limits.ofTenantMax, limits.ofUserMax) = (3, 2)
        try await WatchTests.run(limits) { service in
            let rep = service.makeUser([("account", "read", .own)])
            let mine = [try await Watcher(service, as: rep), try await Watcher(service, as: rep)]
            for watcher in mine { try await watcher.takeAll() }
            let ofUser = try await refusal { try await Watcher(service, as: rep).take() }
            let whose = ofUser?.details.first { $0.key == "of" }?.value
            #expect(ofUser?.reason == "WATCHES_TOO_MANY")
            #expect(whose == "user")
            let third = try await Watcher(service)
            try await third.takeAll()
            let ofTenant = try await refusal { try await Watcher(service).take() }
            let theirs = ofTenant?.details.first { $0.key == "of" }?.value
            #expect(theirs == "workspace")
            mine[0].cancel()
            _ = try? await mine[0].take()
            let fourth = try await retried { try await Watcher(service) }
            #expect(fourth.isWhole)
        }
    }

    /// The place of a watch that was given up is free as soon as its code has ended.
    private func retried(_ open: () async throws -> Watcher) async throws -> Watcher {
        while true {
            let watcher = try await open()
            do {
                try await watcher.takeAll()
                return watcher
            } catch let error as RPCError where error.reason == "WATCHES_TOO_MANY" {
                await Task.yield()
            }
        }
    }
}
