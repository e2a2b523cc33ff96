import Tenancy
import Testing

@testable import IdentityService

struct ChangeFeedTests {
    @Test func announcesEachChangeOnce() async {
        let feed = ChangeFeed()
        let events = feed.policies.watch()
        let tenant = TenantID(.make())
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: 2))
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: 2))
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: 1))
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: 3))
        feed.policies.finish()
        var seen: [Int64] = []
        for await changes in events { seen += changes.map(\.epoch) }
        #expect(seen == [2, 3])
    }

    @Test func announcesEachEndedSessionOnce() async {
        let feed = ChangeFeed()
        let events = feed.revocations.watch()
        let sessions = [RecordID.make(), .make()]
        feed.announce(endedSessions: [sessions[0]])
        feed.announce(endedSessions: sessions)
        feed.revocations.finish()
        var seen: [RecordID] = []
        for await event in events { seen += event.sessionIDs }
        #expect(seen == sessions)
    }

    @Test func beatsWithoutContent() async {
        let feed = ChangeFeed()
        let events = feed.policies.watch()
        feed.beat()
        feed.policies.finish()
        var count = 0
        for await changes in events {
            #expect(changes.isEmpty)
            count += 1
        }
        #expect(count == 1)
    }

    /// A watcher that is told only a part would be wrong for good.
    @Test func cutsOffWhoDoesNotKeepUp() async {
        let broadcast = Broadcast<Int>()
        let slow = broadcast.watch()
        for number in 0...Broadcast<Int>.backlogMax { broadcast.send(number) }
        var last = -1
        for await number in slow { last = number }
        #expect(last == Broadcast<Int>.backlogMax - 1)
    }

    @Test func tellsItsOwnerOfChangedPolicies() async {
        let (stream, continuation) = AsyncStream.makeStream(of: TenantID.self)
        let feed = ChangeFeed { continuation.yield($0) }
        let tenant = TenantID(.make())
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: 1))
        continuation.finish()
        var seen: [TenantID] = []
        for await id in stream { seen.append(id) }
        #expect(seen == [tenant])
    }
}
