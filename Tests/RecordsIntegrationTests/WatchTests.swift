import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import TestSupport
import Testing

@testable import Records

/// What a watcher is told, and when.
@Suite struct WatchTests {
    static func run(
        _ limits: WatchLimits = WatchLimits(), _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await runTwice(limits) { service, _ in try await body(service) }
    }

    /// Two instances of the service with one workspace.
    static func runTwice(
        _ limits: WatchLimits = WatchLimits(),
        _ body: @escaping @Sendable (TestService, TestService) async throws -> Void
    ) async throws {
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(.customer, poolSize: 12)
        try await postgres.withTenant(SampleService.stream) { tenant in
            func instance() throws -> TestService {
                try TestService(SampleService.definition, postgres, tenant, databases, watchLimits: limits)
            }
            try await body(instance(), instance())
        }
        await databases.close(deadline: 0)
    }

    /// Looks only when it is rung for.
    static var patient: WatchLimits {
        var limits = WatchLimits()
        limits.period = .seconds(3600)
        return limits
    }

    @Test func firstComesWhatThereIsThenWhatChanges() async throws {
        try await Self.run(Self.patient) { service in
            try await service.batchCreate((0..<450).map { Account(displayName: "Account \($0)") })
            let watcher = try await Watcher(service)
            try await watcher.takeAll()
            #expect(watcher.records.count == 450 && watcher.told.count == 450)
            let new = try await service.create(Account(displayName: "New", city: "Rom"))
            try await watcher.take(until: new)
            let changed = try await service.update(Account(id: new.id, version: 1, city: "Bonn"))
            try await watcher.take(until: changed)
            #expect(watcher.records[new.id ?? ""] == (try await service.get(new)))
            try await service.delete(changed)
            try await watcher.take { $0.gone == [new.id] }
            let restored = try await service.restore(changed)
            try await watcher.take(until: restored)
            #expect(watcher.records.count == 451 && watcher.gone.count == 1)
        }
    }

    @Test func whatLeavesTheFilterIsGoneAndWhatWasNeverInItIsNotTold() async throws {
        try await Self.run { service in
            let watcher = try await Watcher(service, #"city = "Rom" and annual_revenue >= "5 EUR""#)
            try await watcher.takeAll()
            let (poor, rich) = (
                Money(currencyCode: "EUR", minorUnits: 100), Money(currencyCode: "EUR", minorUnits: 900)
            )
            let inside = try await service.create(Account(displayName: "In", city: "Rom", annualRevenue: rich))
            let outside = try await service.create(Account(displayName: "Out", city: "Rom", annualRevenue: poor))
            try await watcher.take(until: inside)
            let left = try await service.update(Account(id: inside.id, version: 1, annualRevenue: poor))
            try await watcher.take { $0.gone == [inside.id] }
            try await service.update(Account(id: outside.id, version: 1, city: "Bonn"))
            try await service.delete(Account.self, outside.id)
            let back = try await service.update(Account(id: left.id, version: 2, annualRevenue: rich))
            try await watcher.take(until: back)
            let id = inside.id ?? ""
            #expect(watcher.gone == [id])
            #expect(watcher.told == ["\(id) 1", "\(id) 3"])
        }
    }

    /// Several changes at once: only the last version is told, and leaving in between.
    @Test func changesOfAMomentAreToldTogether() async throws {
        try await Self.run { service in
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"))
            let other = try await service.create(Account(displayName: "Other", city: "Bonn"))
            let watcher = try await Watcher(service, "city = Rom")
            try await watcher.takeAll()
            watcher.cancel()
            try await service.update(Account(id: account.id, version: 1, city: "Bonn"))
            try await service.update(Account(id: account.id, version: 2, city: "Rom"))
            try await service.update(Account(id: account.id, version: 3, phone: "+4989123456"))
            try await service.update(Account(id: other.id, version: 1, city: "Rom"))
            try await service.update(Account(id: other.id, version: 2, city: "Bonn"))
            let resumed = try await Watcher(service, "city = Rom", insteadOf: watcher)
            let end = try await service.create(Account(displayName: "End", city: "Rom"))
            try await resumed.take(until: end)
            let (id, endID, otherID) = (account.id ?? "", end.id ?? "", other.id ?? "")
            #expect(Array(resumed.told.dropFirst()) == ["\(id) 4", "\(endID) 1"])
            #expect(Set(resumed.gone).isSubset(of: [id, otherID]))
            #expect(resumed.names == ["Acme", "End"])
        }
    }

    @Test func changesOnlyBeginsWithWhatComes() async throws {
        try await Self.run { service in
            try await service.create(Account(displayName: "Old"))
            let watcher = try await Watcher(service, mask: ["display_name"], changesOnly: true)
            let first = try await watcher.take()
            #expect(first.records.isEmpty)
            #expect(first.resumeToken != nil)
            #expect(first.snapshotEnd == nil)
            let new = try await service.create(Account(displayName: "New", city: "Rom"))
            try await watcher.take(until: new)
            #expect(watcher.records.values.map(\.city) == [nil])
            #expect(watcher.names == ["New"])
        }
    }

    @Test func whatAnotherInstanceWritesIsToldWithinThePeriod() async throws {
        try await Self.runTwice { service, other in
            let watcher = try await Watcher(service)
            try await watcher.takeAll()
            for _ in 0..<3 { try await watcher.take(until: try await other.create(Account(displayName: "Theirs"))) }
        }
    }

    @Test func silenceIsBrokenWithAToken() async throws {
        var limits = WatchLimits()
        (limits.silenceMax, limits.period) = (.milliseconds(50), .milliseconds(10))
        try await Self.run(limits) { service in
            let watcher = try await Watcher(service)
            try await watcher.takeAll()
            let (before, word) = (watcher.token, try await watcher.take())
            #expect(word.records.isEmpty)
            #expect(word.resumeToken != nil)
            #expect(word.resumeToken != before)
        }
    }

    /// The other record is asked as it is when this one changes.
    @Test func aFilterMayFollowReferences() async throws {
        try await Self.run { service in
            let rome = try await service.create(Account(displayName: "Acme", city: "Rom"))
            let stream = try await ActivityServiceClient(channel: service.channel()).watchActivities(
                WatchActivitiesRequest(filterExpression: "account.city = Rom"))
            while try await stream.next()?.snapshotEnd != true {}
            let note = try await service.create(
                Activity(kind: .note, subject: "Call", accountID: rome.id))
            let told = try await stream.next()
            #expect(told?.records.map(\.id) == [note.id])
            try await service.update(Account(id: rome.id, version: 1, city: "Bonn"))
            try await service.create(Activity(kind: .note, subject: "Other", accountID: rome.id))
            let back = try await service.create(Account(displayName: "Beta", city: "Rom"))
            let last = try await service.create(Activity(kind: .note, subject: "Last", accountID: back.id))
            let next = try await stream.next()
            #expect(next?.records.map(\.id) == [last.id])
            #expect(next?.goneIDs == [])
        }
    }
}
