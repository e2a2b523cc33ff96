import Contracts
import CustomerContracts
import Postgres
import RPC
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// Mirrors that are made anew, and compared.
@Suite struct MirrorRebuildTests {
    private func fill(_ world: Neighbours, _ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 500) {
            try await world.customer.batchCreate(
                (start..<min(start + 500, count)).map { Account(displayName: "n\($0)", region: "r\($0 % 7)") })
        }
    }

    @Test func allPagesAreToldAndWhatChangesMeanwhile() async throws {
        try await Neighbours.run { world in
            try await fill(world, 650)
            try await world.step()
            try await world.step()
            #expect(try await world.mirrored().count == 200)
            let accounts = try await world.customer.list(Account.self, by: ["id"])
            try await world.customer.update(Account(id: accounts[0].id, displayName: "renamed"), ["display_name"])
            try await world.erase(accounts[1])
            try await world.customer.create(Account(displayName: "new"))
            // Another process goes on where this one was.
            try await world.settle(world.makePush())
            try await world.expectEqual()
            let names = try await world.mirrored()
            #expect(names.contains("renamed") && names.contains("new") && names.count == 650)
        }
    }

    /// Whatever ends the process, and wherever: the next one goes on.
    @Test func aRebuildThatIsCutOffAnywhereGoesOn() async throws {
        try await Neighbours.run { world in
            try await fill(world, 450)
            for round in 0..<40 {
                if round % 3 != 2 { world.way.next(round % 2 == 0 ? .before : .after) }
                _ = try? await world.step(world.makePush())
            }
            try await world.settle()
            try await world.expectEqual()
        }
    }

    @Test func whatIsTooMuchIsRemovedInParts() async throws {
        try await Neighbours.run { world in
            try await fill(world, 10)
            try await world.sales.sql(
                """
                INSERT INTO {schema}.account_mirror (id, version, created_at, updated_at, owner_id)
                SELECT gen_random_uuid(), 1, now(), now(), gen_random_uuid() FROM generate_series(1, 2500)
                """)
            try await world.settle()
            try await world.expectEqual()
        }
    }

    /// A mirror has all records only when nothing is left of what it has too much.
    @Test func aMirrorWithTooMuchIsNotWhole() async throws {
        try await Neighbours.run { world in
            try await fill(world, 3)
            try await world.sales.sql(
                """
                INSERT INTO {schema}.account_mirror (id, version, created_at, updated_at, owner_id)
                SELECT gen_random_uuid(), 1, now(), now(), gen_random_uuid() FROM generate_series(1, 1001)
                """)
            let whole = "SELECT cardinality(fields) FROM {schema}.mirrors"
            let rebuilding = "SELECT count(*) FROM {schema}.mirror_feeds WHERE rebuilt_to IS NOT NULL"
            try await world.step()
            try await world.step()
            #expect(try await world.sales.number("SELECT count(*) FROM {schema}.account_mirror") == 4)
            #expect(try await world.sales.number(whole) == 0)
            #expect(try await world.customer.number(rebuilding) == 1)
            try await world.step()
            #expect(try await world.sales.number("SELECT count(*) FROM {schema}.account_mirror") == 3)
            #expect(try await world.sales.number(whole) > 0)
            #expect(try await world.customer.number(rebuilding) == 0)
            try await world.settle()
            try await world.expectEqual()
        }
    }

    /// What the feed tells no more, or of another history, is cured by making the mirror anew.
    @Test func aCursorThatIsNoGoodBeginsAnew() async throws {
        try await Neighbours.run { world in
            try await fill(world, 5)
            try await world.settle()
            let account = try #require(try await world.customer.list(Account.self).first)
            try await world.erase(account)
            let schema = world.customer.tenant.schema(.customer).name
            _ = try await world.customer.postgres.rows(
                "UPDATE \(schema).meta SET feed_floor = (SELECT max(position) FROM \(schema).ledger)")
            try await world.settle()
            try await world.expectEqual()
            #expect(try await world.mirrored().count == 4)
            _ = try await world.customer.postgres.rows("UPDATE \(schema).feed_consumers SET cursor = '\\x00'")
            try await fill(world, 5)
            try await world.settle()
            try await world.expectEqual()
        }
    }

    /// A mirror that wants another field than it has, or has lost what it had, is made anew.
    @Test func otherFieldsBeginAnew() async throws {
        try await Neighbours.run { world in
            try await fill(world, 5)
            try await world.settle()
            try await world.sales.sql("UPDATE {schema}.account_mirror SET region = NULL")
            try await world.sales.sql(
                "UPDATE {schema}.mirrors SET fields = array_remove(fields, 'region')")
            // A process that runs learns it with the next change, a new one at once.
            try await world.settle(world.makePush())
            try await world.expectEqual()
        }
    }

    /// The service that mirrors is a newer one from the second page on: what the first page lacks is told, too.
    @Test func otherFieldsInTheMiddleBeginAnew() async throws {
        try await Neighbours.run { world in
            try await fill(world, 650)
            world.way.want(allBut: ["region"])
            try await world.step()
            try await world.step()
            world.way.want(allBut: [])
            try await world.settle()
            try await world.expectEqual()
        }
    }

    /// Somebody has begun anew while something was told: that must not be forgotten.
    @Test func whoStoresTooLateDoesNotUndoABeginning() async throws {
        try await Neighbours.run { world in
            try await fill(world, 3)
            try await world.settle()
            let account = try #require(try await world.customer.list(Account.self).first)
            try await world.customer.update(Account(id: account.id, displayName: "later"), ["display_name"])
            let customer = world.customer
            world.way.interrupt {
                try await customer.sql(
                    """
                    UPDATE {schema}.mirror_feeds SET fence = fence + 1, rebuilt_to = '00000000-0000-0000-0000-000000000000'
                    """)
            }
            try await world.step()
            let rebuilding = try await customer.number(
                "SELECT count(*) FROM {schema}.mirror_feeds WHERE rebuilt_to IS NOT NULL")
            #expect(rebuilding == 1)
            try await world.settle()
            try await world.expectEqual()
        }
    }

    @Test func comparingHealsWhatDiffersAndCountsIt() async throws {
        try await Neighbours.run { world in
            try await fill(world, 420)
            try await world.settle()
            let clean = try await world.compare()
            #expect(clean == (420, 0))
            let sales = world.sales
            try await sales.sql(
                """
                DELETE FROM {schema}.account_mirror WHERE id IN (SELECT id FROM {schema}.account_mirror ORDER BY id LIMIT 3)
                """)
            try await sales.sql("UPDATE {schema}.account_mirror SET region = 'wrong' WHERE display_name = 'n100'")
            try await sales.sql("UPDATE {schema}.account_mirror SET version = 0 WHERE display_name = 'n200'")
            try await sales.sql("UPDATE {schema}.account_mirror SET industry = 'none' WHERE display_name = 'n419'")
            try await sales.sql(
                """
                INSERT INTO {schema}.account_mirror (id, version, created_at, updated_at, owner_id)
                SELECT gen_random_uuid(), 1, now(), now(), gen_random_uuid() FROM generate_series(1, 4)
                """)
            let healed = try await world.compare()
            #expect(healed == (414, 10))
            try await world.expectEqual()
            let again = try await world.compare()
            #expect(again == (420, 0))
        }
    }

    /// What was changed a moment ago and is not told yet is no difference.
    @Test func whatIsOnItsWayIsNoDifference() async throws {
        try await Neighbours.run { world in
            // More than the steps tell that a comparison makes first.
            try await fill(world, 1_300)
            try await world.settle()
            var changed = 0
            while case let page = try await world.others(), !page.isEmpty {
                changed += page.count
                try await world.customer.batchUpdate(
                    page.map {
                        UpdateRequest(record: Account(id: $0.id, displayName: "later"), updateMask: ["display_name"])
                    })
            }
            #expect(changed == 1_300)
            let page = try #require(
                try await world.push.compare(world.tenant, after: nil, deadline: .after(.seconds(10))))
            #expect(page.healedCount == 0 && page.equalCount < 200)
            let compared = try await world.compare()
            #expect(compared == (1_300, 0))
            try await world.expectEqual()
        }
    }

    /// However much is on its way: here more than the comparison tells first and a batch of the feed holds.
    @Test func muchThatIsOnItsWayIsNoDifference() async throws {
        try await Neighbours.run { world in
            try await fill(world, 2_200)
            try await world.settle()
            while case let page = try await world.others("display_name != n5"), !page.isEmpty {
                try await world.customer.batchUpdate(
                    page.map {
                        UpdateRequest(record: Account(id: $0.id, displayName: "later"), updateMask: ["display_name"])
                    })
            }
            // That one differs, and nothing is on its way of it.
            try await world.sales.sql("DELETE FROM {schema}.account_mirror WHERE display_name = 'n5'")
            let page = try #require(
                try await world.push.compare(world.tenant, after: nil, deadline: .after(.seconds(10))))
            #expect(page.healedCount == 1 && page.equalCount == 0)
        }
    }

    /// A comparison that is overtaken by a change that is told has said nothing, and is made again.
    @Test func aComparisonThatIsOvertakenIsMadeAgain() async throws {
        try await Neighbours.run { world in
            let account = try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            let (customer, other) = (world.customer, try world.makePush())
            world.way.precede {
                try await customer.update(Account(id: account.id, displayName: "b"), ["display_name"])
                try await world.step(other)
            }
            let page = try await world.push.compare(world.tenant, after: nil, deadline: .after(.seconds(10)))
            #expect(page == nil)
            let compared = try await world.compare()
            #expect(compared == (1, 0))
        }
    }

    /// A mirror that cannot be made is late since its making began, however often it is tried and whatever was done of it.
    @Test func aMirrorThatCannotBeMadeIsSeen() async throws {
        try await Neighbours.run { world in
            try await fill(world, 450)
            try await world.step()
            try await world.customer.sql(
                "UPDATE {schema}.mirror_feeds SET begun_at = begun_at - interval '1 hour'")
            func late(_ body: () async throws -> Void) async throws -> Bool {
                try await body()
                return (world.metric("feed_backlog_age_seconds") ?? 0) >= 3_600
            }
            world.way.next(.before)
            let isLate = try await late {
                _ = try? await world.step()
                try await world.push.measure(world.tenant, deadline: .after(.seconds(10)))
            }
            #expect(isLate)
            // A page is told; begun anew it is as late as before.
            #expect(try await late { try await world.step() })
            let place = "UPDATE {schema}.feed_consumers SET cursor = '\\x00'"
            try await world.customer.sql(place)
            #expect(try await late { for _ in 0..<2 { try await world.step() } })
            let old = "SELECT count(*) FROM {schema}.mirror_feeds WHERE begun_at < now() - interval '1 hour'"
            #expect(try await world.customer.number(old) == 1)
            try await world.settle()
            #expect(world.metric("feed_backlog_age_seconds") == 0)
            let begun = "SELECT count(*) FROM {schema}.mirror_feeds WHERE begun_at IS NOT NULL"
            #expect(try await world.customer.number(begun) == 0)
        }
    }

    /// Random work beside random failures, of two instances: in the end both have the same.
    @Test(arguments: 0..<4) func whateverHappensBothAreEqualInTheEnd(_ seed: Int) async throws {
        try await Neighbours.run { world in
            var random = Seeded(seed: UInt64(seed + 1))
            var accounts: [Account] = []
            let pushes = [world.push, try world.makePush()]
            for _ in 0..<150 {
                let index = accounts.isEmpty ? 0 : Int.random(in: 0..<accounts.count, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0...2: accounts.append(try await world.customer.create(Account(displayName: "new", region: "r")))
                case 3 where !accounts.isEmpty, 4 where !accounts.isEmpty:
                    let name = "name \(Int.random(in: 0..<100, using: &random))"
                    accounts[index] =
                        (try? await world.customer.update(
                            Account(id: accounts[index].id, displayName: name), ["display_name"])) ?? accounts[index]
                case 5 where !accounts.isEmpty:
                    let current = try await world.customer.get(accounts[index], deleted: true)
                    accounts[index] =
                        current.deleteTime == nil
                        ? try await world.customer.delete(current) : try await world.customer.restore(current)
                case 6 where !accounts.isEmpty: try await world.erase(accounts.remove(at: index))
                case 7: world.way.next([Way.Fault.before, .after, .stuck].randomElement(using: &random) ?? .before)
                case 8: _ = await world.way.release()
                default: _ = try? await world.step(pushes.randomElement(using: &random))
                }
            }
            for push in pushes { for _ in 0..<5 { _ = try? await world.step(push) } }
            try await world.settle()
            _ = await world.way.release()
            try await world.expectEqual()
        }
    }
}

extension Neighbours {
    /// Accounts that are not called "later".
    func others(_ filter: String = "display_name != later") async throws -> [Account] {
        try await customer.list(Account.self, "display_name != later and \(filter)", by: ["id desc"])
    }
}

/// Random numbers that are the same each time.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
