import Contracts
import CustomerContracts
import Postgres
import RPC
import SalesContracts
import Tenancy
import TestPostgres
import TestService
import Testing
import Work

@testable import Records

/// What one service tells another of its records.
@Suite struct MirrorPushTests {
    private func lost(_ call: () async throws -> MirrorPush.Step) async throws {
        let error = try await denial(call)
        #expect(error.reason == "LOST")
    }

    @Test func whatThereIsAndWhatChangesIsMirrored() async throws {
        try await Neighbours.run { world in
            let customer = world.customer
            for number in 0..<3 { try await customer.create(Account(displayName: "old \(number)", region: "Bayern")) }
            try await world.settle()
            try await world.expectEqual()
            var acme = try await customer.create(Account(displayName: "Acme", industry: "Anvils", countryCode: "DE"))
            try await world.settle()
            try await world.expectEqual()
            acme = try await customer.update(
                Account(id: acme.id, displayName: "Acme AG", region: "Hessen"), ["display_name", "region"])
            try await world.settle()
            acme = try await customer.update(Account(id: acme.id), ["region"])
            try await world.settle()
            try await world.expectEqual()
            #expect(try await world.mirrored() == ["Acme AG", "old 0", "old 1", "old 2"])
            acme = try await customer.delete(acme)
            try await world.settle()
            #expect(try await world.mirrored() == ["old 0", "old 1", "old 2"])
            try await world.expectEqual()
            acme = try await customer.restore(acme)
            try await world.settle()
            #expect(try await world.mirrored() == ["Acme AG", "old 0", "old 1", "old 2"])
            try await world.expectEqual()
        }
    }

    /// Deals are found by what was told.
    @Test func dealsAreFoundByTheirAccountsOfNow() async throws {
        try await Neighbours.run { world in
            let acme = try await world.customer.create(Account(displayName: "Acme", region: "Bayern"))
            let id = try #require(RecordID(acme.id ?? ""))
            world.sales.foreign.make("account", id)
            try await world.sales.create(Deal(displayName: "Anvils", accountID: id.text))
            try await world.settle()
            func found(_ filter: String) async throws -> Int { try await world.sales.list(Deal.self, filter).count }
            #expect(try await found("account.region = Bayern") == 1)
            try await world.customer.update(Account(id: acme.id, region: "Hessen"), ["region"])
            try await world.settle()
            #expect(try await found("account.region = Bayern") == 0)
            #expect(try await found("account.region = Hessen and account.display_name = Acme") == 1)
        }
    }

    /// Nothing is sent, and nothing written, when nothing is to be told.
    @Test func anIdleMirrorCostsALook() async throws {
        try await Neighbours.run { world in
            try await world.customer.create(Account(displayName: "Acme"))
            try await world.settle()
            let (sent, fence) = (world.way.sentCount, "SELECT fence FROM {schema}.mirror_feeds")
            let before = try await world.customer.number(fence)
            for _ in 0..<5 { #expect(try await world.step() == .idle) }
            try await world.customer.create(Contact(familyName: "not mirrored"))
            try await world.settle()
            #expect(world.way.sentCount == sent)
            for _ in 0..<5 { #expect(try await world.step() == .idle) }
            // What is not mirrored moves the place, by one write.
            #expect(try await world.customer.number(fence) == before)
        }
    }

    @Test func whatGetsLostIsToldAgain() async throws {
        try await Neighbours.run { world in
            let account = try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            for fault in [Way.Fault.before, .after] {
                try await world.customer.update(Account(id: account.id, displayName: "\(fault)"), ["display_name"])
                world.way.next(fault, fault)
                try await lost { try await world.step() }
                try await lost { try await world.step(world.makePush()) }
                try await world.settle()
                #expect(try await world.mirrored() == ["\(fault)"])
                try await world.expectEqual()
            }
        }
    }

    /// What was stuck in the network brings nothing back: neither an older state nor what is no more.
    @Test func whatArrivesLateChangesNothing() async throws {
        try await Neighbours.run { world in
            let account = try await world.customer.create(Account(displayName: "first"))
            try await world.settle()
            world.way.next(.stuck, .stuck)
            try await world.customer.update(Account(id: account.id, displayName: "second"), ["display_name"])
            try await lost { try await world.step() }
            try await world.customer.update(Account(id: account.id, displayName: "third"), ["display_name"])
            try await lost { try await world.step() }
            try await world.erase(account)
            try await world.settle()
            #expect(try await world.mirrored() == [])
            let late = await world.way.release()
            let reasons = late.map { $0?.reason }
            #expect(reasons == ["MIRROR_FENCED", "MIRROR_FENCED"])
            #expect(try await world.mirrored() == [])
            try await world.expectEqual()
        }
    }

    /// A recovery makes a checkpoint: what was read before one may be of a history that is no more.
    @Test func whatWasReadBeforeACheckpointIsToldAgain() async throws {
        try await Neighbours.run { world in
            let account = try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            try await world.customer.update(Account(id: account.id, displayName: "b"), ["display_name"])
            let (sent, postgres) = (world.way.sentCount, world.customer.postgres)
            world.way.interrupt { _ = try await postgres.rows("CHECKPOINT") }
            #expect(try await world.step() == .advanced)
            #expect(try await world.step() == .idle)
            #expect(world.way.sentCount == sent + 2)
            #expect(try await world.mirrored() == ["b"])
        }
    }

    /// Of a workspace that is closed or gone nothing is late, whatever it had before it.
    @Test func whatAClosedWorkspaceHadBeforeItIsForgotten() async throws {
        try await Neighbours.run { world in
            try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            let work = MirrorJobs(world.push).standing
            let clock = JobClock(now: { .now() }, sleep: { _ in })
            let runner = StandingRunner(
                work, world.customer.engine, clock: clock, meter: StandingMeter(world.metrics),
                logger: world.customer.postgres.logger)
            try await world.customer.create(Account(displayName: "b"))
            world.way.next(.before)
            runner.wake(world.tenant)
            await runner.settle()
            #expect(world.metric("feed_backlog") == 1)
            world.customer.close()
            let other = StandingRunner(
                work, world.customer.engine, clock: clock, meter: StandingMeter(world.metrics),
                logger: world.customer.postgres.logger)
            other.wake(world.tenant)
            await other.settle()
            #expect(world.metric("feed_backlog") == 0)
            #expect(world.metric("feed_backlog_age_seconds") == 0)
        }
    }

    /// Of two who tell beside each other, what one tells is told again by the other.
    @Test func twoInstancesTellTheSame() async throws {
        try await Neighbours.run { world in
            let other = try world.makePush()
            for number in 0..<30 {
                try await world.customer.create(Account(displayName: "n\(number)"))
                async let one: Void = world.settle()
                async let two: Void = world.settle(other)
                _ = try await (one, two)
            }
            try await world.expectEqual()
        }
    }

    /// Who tells last is right, whatever the versions are.
    @Test func theFenceDecidesAndNoVersion() async throws {
        try await Neighbours.run { world in
            let account = try await world.customer.create(Account(displayName: "first"))
            try await world.settle()
            let old = try #require(world.way.lastSent)
            try await world.customer.update(Account(id: account.id, displayName: "second"), ["display_name"])
            try await world.settle()
            var again = old
            (again.fence, again.range, again.toldFence) = (1_000_000, nil, nil)
            let client = MirrorServiceClient(channel: world.way)
            #expect(try await client.applyMirror(again).changedIDs.count == 1)
            #expect(try await world.mirrored() == ["first"])
            try await world.customer.update(Account(id: account.id, displayName: "third"), ["display_name"])
            try await world.settle()
            #expect(try await world.mirrored() == ["third"])
        }
    }
}

extension Neighbours {
    /// The account is no more, as after it was purged, and the feed says that something happened to it.
    func erase(_ account: Account) async throws {
        let current = try await customer.get(account, deleted: true)
        let living = current.deleteTime == nil ? current : try await customer.restore(current)
        let gone = try await customer.delete(living)
        let schema = customer.tenant.schema(.customer).name
        _ = try await customer.postgres.rows("DELETE FROM \(schema).accounts WHERE id = '\(gone.id ?? "")'")
    }
}
