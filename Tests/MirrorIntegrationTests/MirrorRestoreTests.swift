import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// One of the two sides was restored: it has what it had some time ago, and the other one has not.
@Suite struct MirrorRestoreTests {
    /// More steps than mending takes, and many fewer than the fences that are missing.
    private static let stepsMax = 12

    private func settle(_ world: Neighbours, _ push: MirrorPush) async throws {
        for _ in 0..<Self.stepsMax where try await world.step(push) == .idle { return }
        Issue.record("the mirror is not mended")
    }

    /// What the mirror has of later versions, which are no more: rights on deals go by owner and department.
    @Test func whatIsNewerInTheMirrorIsHealed() async throws {
        try await Neighbours.run { world in
            let accounts = [
                try await world.customer.create(Account(displayName: "a")),
                try await world.customer.create(Account(displayName: "b")),
            ]
            try await world.settle()
            let forge = """
                UPDATE {schema}.account_mirror SET version = \(Int64.max), owner_id = gen_random_uuid(), display_name = 'later'
                """
            try await world.sales.sql(forge)
            let compared = try await world.compare()
            #expect(compared == (0, 2))
            try await world.expectEqual()
            try await world.sales.sql(forge)
            for account in accounts {
                try await world.customer.update(Account(id: account.id, displayName: "now"), ["display_name"])
            }
            try await world.settle()
            try await world.expectEqual()
        }
    }

    /// Customer has what it had before some tellings: its records, how far it had told, and no events since.
    private func restoreCustomer(_ world: Neighbours, after tellings: Int) async throws {
        let account = try await world.customer.create(Account(displayName: "first"))
        try await world.settle()
        let (customer, postgres) = (world.customer.tenant.schema(.customer).name, world.customer.postgres)
        let tables = ["accounts", "mirror_feeds", "feed_consumers"]
        for table in tables {
            _ = try await postgres.rows("CREATE TABLE \(customer).old_\(table) AS TABLE \(customer).\(table)")
        }
        for number in 0..<tellings {
            try await world.customer.update(Account(id: account.id, displayName: "n\(number)"), ["display_name"])
            try await world.settle()
        }
        for table in tables {
            _ = try await postgres.rows("DELETE FROM \(customer).\(table)")
            _ = try await postgres.rows("INSERT INTO \(customer).\(table) SELECT * FROM \(customer).old_\(table)")
        }
        let now = try await world.customer.cursorOfNow()
        try await world.customer.sql("UPDATE {schema}.feed_consumers SET cursor = decode('\(now)', 'hex')")
        #expect(try await world.mirrored() == ["n\(tellings - 1)"])
    }

    /// A program that goes on notices with the next change, and a new one at once.
    @Test(arguments: [false, true]) func customerWasRestored(_ isNew: Bool) async throws {
        try await Neighbours.run { world in
            try await restoreCustomer(world, after: 40)
            if !isNew { try await world.customer.create(Account(displayName: "after")) }
            try await settle(world, isNew ? world.makePush() : world.push)
            try await world.expectEqual()
            #expect(try await world.mirrored().contains("first"))
        }
    }

    /// Tellings that do not arrive take fences, too: they must not make up for those that are missing.
    @Test func customerWasRestoredWhileSalesWasDown() async throws {
        try await Neighbours.run { world in
            try await restoreCustomer(world, after: 3)
            try await world.customer.create(Account(displayName: "after"))
            world.way.next(.before, .before, .before, .before)
            for _ in 0..<8 { _ = try? await world.step() }
            try await settle(world, world.push)
            try await world.expectEqual()
            #expect(try await world.mirrored() == ["after", "first"])
        }
    }

    /// Sales has what it had before.
    @Test(arguments: [false, true]) func salesWasRestored(_ isNew: Bool) async throws {
        try await Neighbours.run { world in
            for number in 0..<3 { try await world.customer.create(Account(displayName: "n\(number)")) }
            try await world.settle()
            let seen = try await world.sales.number("SELECT fence FROM {schema}.mirrors")
            try await world.customer.create(Account(displayName: "lost"))
            try await world.settle()
            try await world.sales.sql("DELETE FROM {schema}.account_mirror WHERE display_name = 'lost'")
            try await world.sales.sql("UPDATE {schema}.mirrors SET fence = \(seen)")
            if !isNew {
                try await world.customer.create(Account(displayName: "after"))
                // The answer that says so may get lost.
                world.way.next(.after)
                _ = try? await world.step()
            }
            try await settle(world, isNew ? world.makePush() : world.push)
            try await world.expectEqual()
            #expect(try await world.mirrored().contains("lost"))
        }
    }

    /// What was lost in the middle of making it anew is told again, too.
    @Test func salesWasRestoredInTheMiddle() async throws {
        try await Neighbours.run { world in
            try await world.customer.batchCreate((0..<500).map { Account(displayName: "n\($0)") })
            for _ in 0..<3 { try await world.step() }
            #expect(try await world.mirrored().count == 400)
            try await world.sales.sql("DELETE FROM {schema}.account_mirror")
            try await world.sales.sql("UPDATE {schema}.mirrors SET fence = 0, fields = '{}'")
            try await settle(world, world.push)
            try await world.expectEqual()
        }
    }

    /// When the two sides do not agree after mending either, that is a failure: the next attempt waits, and somebody hears of it.
    @Test func aBreakThatIsNotMendedFails() async throws {
        try await Neighbours.run { world in
            try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            try await world.sales.sql("UPDATE {schema}.mirrors SET fence = \(Int64.max)")
            try await world.customer.create(Account(displayName: "b"))
            #expect(try await world.step() == .advanced)
            for _ in 0..<3 {
                let error = try await denial { try await world.step() }
                #expect(error.reason == "MIRROR_FENCED")
            }
            // As an operator does, or the service that was restored once more.
            try await world.sales.sql("UPDATE {schema}.mirrors SET fence = 5")
            _ = try await denial { try await world.step() }
            try await settle(world, world.push)
            try await world.expectEqual()
            let fence = try await world.customer.number("SELECT fence FROM {schema}.mirror_feeds")
            #expect(fence < 100)
        }
    }

    /// Whatever the mirror says, nothing overflows, and only what was taken here and is not lost counts as told by somebody else.
    @Test func whatAMirrorSaysIsJudged() {
        func place(_ fence: Int64, told: Int64 = 0) -> MirrorPlace {
            let cursor = FeedCursor(
                tenantID: TenantID(.make()), service: .customer, epoch: 1, timeline: nil, seen: .nothing, floor: 0)
            return MirrorPlace(fence: fence, rebuiltTo: nil, begunAt: nil, cursor: cursor, toldFence: told)
        }
        func refusal(_ fence: String?, of refused: Int64) -> MirrorBreak {
            MirrorBreak(
                RPCError.aborted("MIRROR_FENCED", "", details: fence.map { [("fence", $0)] } ?? []), of: refused)
        }
        #expect(refusal("12", of: 11).isOvertaking(at: place(12, told: 12)))
        #expect(refusal("12", of: 11).isOvertaking(at: place(20, told: 10)))
        let breaks: [(String?, MirrorPlace)] = [
            (nil, place(12)), ("x", place(12)), ("11", place(12)), ("10", place(12)), ("13", place(12)),
            ("12", place(20, told: 13)), ("12", place(13 + MirrorPlace.riseMax)), ("\(Int64.max)", place(12)),
            ("\(Int64.min)", place(Int64.max)),
        ]
        for (told, place) in breaks { #expect(!refusal(told, of: 11).isOvertaking(at: place)) }
        for told in [Int64.min, 0, 9, 13, Int64.max] {
            #expect(throws: MirrorBreak.self) { try place(12, told: 10).check(told) }
        }
    }

    /// A source whose rules are wider goes on telling.
    @Test func aValueThatDoesNotFitHoldsNothingUp() async throws {
        try await Neighbours.run { world in
            let wide = try await world.customer.create(Account(displayName: "wide", region: "r"))
            try await world.settle()
            try await world.customer.update(Account(id: wide.id, industry: "i"), ["industry"])
            let schema = world.customer.tenant.schema(.customer).name
            _ = try await world.customer.postgres.rows("UPDATE \(schema).accounts SET region = repeat('x', 5000)")
            try await world.customer.create(Account(displayName: "other", region: "r"))
            try await settle(world, world.push)
            #expect(try await world.mirrored() == ["other", "wide"])
            let told = "SELECT count(*) FROM {schema}.account_mirror WHERE region IS NULL AND industry = 'i'"
            #expect(try await world.sales.number(told) == 1)
            #expect(world.metric("mirrors_unfit_total") == 1)
            let compared = try await world.compare()
            #expect(compared == (2, 0))
        }
    }
}

extension TestService {
    /// Where the feed stands, as a consumer keeps it, in hexadecimal.
    fileprivate func cursorOfNow() async throws -> String {
        var cursor = try await Feed(engine).now(
            TenantActor(tenant.id, purpose: .mirrorRecords, onBehalfOf: nil), deadline: .after(.seconds(10)))
        cursor.timeline = nil
        return cursor.bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
