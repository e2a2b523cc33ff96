import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// What it costs to go on with a watch, however often a record was changed meanwhile, and what is told of such a record.
@Suite struct WatchBoundsTests {
    /// Changes of the phone number, more than are looked through.
    private static let often = WatchLimits.laterEventsMax + 500

    private static func change(_ account: Account, times count: Int, _ service: TestService) async throws -> Account {
        let (id, first) = (account.id ?? "", (account.version ?? 0) + 1)
        let last = first + Int64(count) - 1
        try await service.sql(
            """
            INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
            SELECT gen_random_uuid(), now(), 'm', 'account', '\(id)', v,
                jsonb_build_object('phone', (v - 1)::text), jsonb_build_object('phone', v::text)
            FROM generate_series(\(first), \(last)) AS v
            """)
        try await service.sql("UPDATE {schema}.accounts SET version = \(last), phone = '\(last)' WHERE id = '\(id)'")
        return Account(id: id, version: last)
    }

    /// Rows of each step of the plan, by the times that it is taken.
    @Test func ofARecordSoManyLaterChangesAreLookedThrough() async throws {
        try await WatchTests.run { service in
            let account = try await service.create(Account(displayName: "Acme"))
            _ = try await Self.change(account, times: 20_000, service)
            let positions = try await service.sql("SELECT position FROM {schema}.ledger ORDER BY position LIMIT 100")
                .map { try $0.int64(0) }
            for user in [service.admin, service.makeUser([("account", "read", .own)])] {
                let context = service.context(AccountServiceMethods.watchAccounts, as: user)
                let call = try await service.engine.authorise(context, SampleService.account, .read)
                let query = WatchQuery(
                    selection: Selection(call: call, filter: nil, lifetime: .living, action: .read),
                    positions: positions, laterMax: WatchLimits.laterEventsMax)
                let (text, parameters) = query.statement()
                let plan = try await service.sql("EXPLAIN (ANALYZE, TIMING OFF) " + text, parameters)
                    .map { try $0.string(0) }.joined(separator: "\n")
                let counts = plan.matches(of: /actual rows=(\d+) loops=(\d+)/).map {
                    (Int($0.1) ?? .max) * (Int($0.2) ?? .max)
                }
                let most = counts.max() ?? .max
                #expect(most <= 10_000, "\(plan)")
            }
        }
    }

    @Test func whoseRecordWasChangedOftenGoesOn() async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .own)])
            let account = try await service.create(Account(displayName: "Acme"))
            for user in [service.admin, rep] {
                let watcher = try await Watcher(service, as: user, changesOnly: true)
                try await watcher.take()
                watcher.cancel()
                let last = try await Self.change(try await service.get(account), times: Self.often, service)
                let end = try await service.create(Account(ownerID: rep.id.text, displayName: "End"))
                let resumed = try await Watcher(service, as: user, insteadOf: watcher)
                try await resumed.take(until: end)
                let changed = user == service.admin ? ["\(last.id ?? "") \(last.version ?? 0)"] : []
                #expect(resumed.told == changed + ["\(end.id ?? "") \(end.version ?? 0)"])
                #expect(resumed.gone.isEmpty)
            }
        }
    }

    /// How a record goes that was changed often since, or before.
    enum Way: CaseIterable, Sendable {
        case stays, leavesTheFilter, isGivenAway, isDeleted
        /// Leaves the filter when its past is not known, and the sight when it is.
        case leavesTheFilterAndIsGivenAway
        /// It has never been in the sight, but was in the filter.
        case isAnothers
    }

    @Test(arguments: Way.allCases)
    func whatHasGoneIsToldThoughThePastIsNotKnown(_ way: Way) async throws {
        try await WatchTests.run { service in
            let rep = service.makeUser([("account", "read", .own)])
            let (mine, admin) = (rep.id.text, service.admin.id.text)
            var account = try await service.create(
                Account(ownerID: way == .isAnothers ? admin : mine, displayName: "Acme", city: "Rom"))
            let watcher = try await Watcher(service, "city = Rom", as: rep)
            try await watcher.takeAll()
            watcher.cancel()
            let id = account.id ?? ""
            switch way {
            case .stays: break
            case .leavesTheFilter, .leavesTheFilterAndIsGivenAway, .isAnothers:
                account = try await service.update(Account(id: id, version: 1, city: "Bonn"))
            case .isGivenAway: account = try await service.update(Account(id: id, version: 1, ownerID: admin))
            case .isDeleted: account = try await service.delete(account)
            }
            account = try await Self.change(account, times: Self.often, service)
            if way == .leavesTheFilterAndIsGivenAway {
                account = try await service.update(Account(id: id, version: account.version, ownerID: admin))
            }
            let end = try await service.create(Account(ownerID: mine, displayName: "End", city: "Rom"))
            let resumed = try await Watcher(service, "city = Rom", as: rep, insteadOf: watcher)
            try await resumed.take(until: end)
            let isThere = way == .stays
            #expect(resumed.names == (isThere ? ["Acme", "End"] : ["End"]))
            #expect(resumed.records[id]?.version == (isThere ? account.version : nil))
            #expect(Set(resumed.gone) == (isThere || way == .isAnothers ? [] : [id]))
        }
    }
}
