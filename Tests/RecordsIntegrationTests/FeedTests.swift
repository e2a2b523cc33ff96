import AccessControl
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// What an event tells, to whom, and which cursors are good.
@Suite struct FeedTests {
    @Test func anEventTellsTheWrite() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.now()
            let account = try await feeds.service.create(Account(displayName: "Acme", city: "Rom"))
            _ = try await feeds.service.update(Account(id: account.id, version: 1, city: "Bonn"), ["city"])
            let events = try await feeds.drain(&cursor)
            #expect(events.map(\.version) == [1, 2])
            #expect(Set(events.map(\.recordID.text)) == [account.id])
            let last = try #require(events.last)
            #expect(last.object == "account" && last.method == AccountServiceMethods.updateAccount.path)
            #expect(last.actorID == feeds.service.admin.id && last.purpose == nil && last.onBehalfOfID == nil)
            #expect(last.before == Array(#"{"city": "Rom"}"#.utf8) && last.after == Array(#"{"city": "Bonn"}"#.utf8))
            #expect(events[0].before == nil && events[0].time <= last.time && last.traceID != nil)
        }
    }

    /// A purpose is told of the kinds that it reads; other rows count as read.
    @Test func whatThePurposeDoesNotReadIsNotTold() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.now()
            for _ in 0..<3 { _ = try await feeds.service.create(Contact(familyName: "Rossi")) }
            #expect(try await feeds.drain(&cursor, limit: 2).isEmpty)
            try await feeds.settle(&cursor)
            #expect(cursor.floor == (try await feeds.positions().last))
        }
    }

    @Test func usersAndProgramsForThemReadNoFeed() async throws {
        try await Feeds.run { feeds in
            let cursor = try await feeds.now()
            let actor = TenantActor(feeds.service.tenant.id, purpose: Feeds.purpose, onBehalfOf: feeds.service.admin)
            let refused = try await refusal {
                try await feeds.feed.read(actor, after: cursor, limit: 1, deadline: feeds.deadline)
            }
            #expect(refused?.reason == "PERMISSION_MISSING")
        }
    }

    /// Long events come a few at a time, and never none.
    @Test func aBatchIsBoundedByBytes() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.now()
            let text = String(repeating: "x", count: 3_000_000)
            for _ in 0..<4 { _ = try await feeds.service.create(Account(displayName: "Acme", description: text)) }
            let first = try await feeds.read(cursor)
            #expect((1..<4).contains(first.events.count) && !first.isCaughtUp)
            cursor = first.cursor
            #expect(first.events.count + (try await feeds.drain(&cursor).count) == 4)
        }
    }

    @Test func aTokenIsGoodForItsFeedOnly() async throws {
        try await Feeds.run { feeds in
            try await Feeds.run { other in
                try await feeds.createAccount()
                let cursor = try await feeds.read(feeds.beginning()).cursor
                let token = try feeds.feed.token(cursor)
                #expect(try feeds.feed.cursor(token, of: feeds.program) == cursor)
                var tampered = [String(token.dropLast()), token + "A", "", "x", String(token.reversed())]
                for place in token.indices where token.utf16.distance(from: token.startIndex, to: place) % 9 == 0 {
                    var text = token
                    text.replaceSubrange(place...place, with: token[place] == "A" ? "B" : "A")
                    tampered.append(text)
                }
                for text in tampered {
                    let refused = try await refusal { try feeds.feed.cursor(text, of: feeds.program) }
                    #expect(refused?.reason == "FEED_CURSOR_INVALID" && refused?.code == .outOfRange)
                }
                let foreign = try await refusal { try other.feed.cursor(token, of: other.program) }
                #expect(foreign?.reason == "FEED_CURSOR_INVALID")
            }
        }
    }

    /// Of another tenant, of data that was moved or restored, of a server that took over, of one that was set back.
    @Test func aCursorOfAnotherHistoryIsRefused() async throws {
        try await Feeds.run { feeds in
            let good = try await feeds.now()
            func cursor(
                tenant: TenantID? = nil, service: ServiceName = .customer, epoch: Int64 = 0, timeline: UInt32? = nil,
                seen: FeedSnapshot? = nil
            ) -> FeedCursor {
                FeedCursor(
                    tenantID: tenant ?? good.tenantID, service: service, epoch: epoch,
                    timeline: timeline ?? good.timeline,
                    seen: seen ?? good.seen, floor: good.floor)
            }
            let later = try #require(FeedSnapshot("\(good.seen.xmin):\(good.seen.xmax + 1_000_000):"))
            for bad in [
                cursor(tenant: TenantID(.make())), cursor(service: .sales), cursor(epoch: 1), cursor(timeline: 99),
                cursor(seen: later),
            ] {
                let refused = try await refusal { try await feeds.read(bad) }
                #expect(refused?.reason == "FEED_CURSOR_INVALID")
            }
            var kept = good
            kept.timeline = nil
            #expect(try await feeds.read(kept).isCaughtUp)
        }
    }

    /// As reading would tell it, in the middle of a snapshot, too, and of somebody who commits late.
    @Test func whichRecordsAreStillToBeToldIsKnown() async throws {
        try await Feeds.run(poolSize: 8) { feeds in
            var (cursor, ids) = (try await feeds.now(), [RecordID.make()])
            func left(_ object: String = "account") async throws -> Set<RecordID> {
                try await feeds.feed.changed(
                    among: ids, of: object, feeds.program, after: cursor, deadline: feeds.deadline)
            }
            try await feeds.transaction { slow in
                try await feeds.tell(ids[0], in: slow)
                for _ in 0..<4 { ids.append(try await feeds.createAccount()) }
                #expect(try await left() == Set(ids[1...]))
                cursor = try await feeds.read(cursor, limit: 2).cursor
                #expect(try await left() == Set(ids[3...]))
            }
            #expect(try await left() == Set([ids[0]] + ids[3...]))
            #expect(try await left("contact") == [])
            _ = try await feeds.drain(&cursor)
            #expect(try await left() == [])
        }
    }

    /// However much lies behind a cursor: only rows after its floor are looked at.
    @Test func aReadLooksAtARangeOfTheIndex() async throws {
        try await Feeds.run { feeds in
            try await fill(feeds)
            var cursor = try await feeds.now()
            try await feeds.settle(&cursor)
            for _ in 0..<10 { try await feeds.createAccount() }
            try await expectOnlyWhatIsNew(feeds, cursor)
        }
    }

    /// A transaction that lasts keeps the floor where it began; what was told since then is not looked through again, until it ends.
    @Test func aReadLooksAtWhatIsNewWhileATransactionLasts() async throws {
        try await Feeds.run(poolSize: 4) { feeds in
            var cursor = try await feeds.now()
            let late = RecordID.make()
            try await feeds.transaction { slow in
                try await feeds.tell(late, in: slow)
                try await fill(feeds)
                _ = try await feeds.drain(&cursor)
                #expect(cursor.told - cursor.floor > 20_000 && cursor.unended?.isEmpty == false)
                for _ in 0..<10 { try await feeds.createAccount() }
                try await expectOnlyWhatIsNew(feeds, cursor)
                _ = try await feeds.drain(&cursor)
            }
            #expect(try await feeds.drain(&cursor).map(\.recordID) == [late])
        }
    }

    private func fill(_ feeds: Feeds) async throws {
        try await feeds.service.sql(
            """
            INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, after)
            SELECT gen_random_uuid(), now(), 'm', 'account', gen_random_uuid(), 1, '{}' FROM generate_series(1, 20000)
            """)
        let schema = feeds.service.tenant.schema(.customer).name
        _ = try await feeds.service.postgres.rows("ANALYZE \(schema).ledger")
    }

    private func expectOnlyWhatIsNew(_ feeds: Feeds, _ cursor: FeedCursor) async throws {
        let plan = try await feeds.service.sql(
            "EXPLAIN (ANALYZE, BUFFERS) " + FeedQuery.text(limit: 100), FeedQuery.values(after: cursor)
        )
        .map { try $0.string(0) }.joined(separator: "\n")
        #expect(plan.contains("Index Scan using ledger_position_key") && !plan.contains("Seq Scan on ledger"))
        let removed = plan.matches(of: /Rows Removed by Filter: ([0-9]+)/).compactMap { Int($0.1) }.reduce(0, +)
        // And at the ids of those that have not ended.
        #expect(removed <= cursor.unended?.count ?? 0, "\(plan)")
    }
}
