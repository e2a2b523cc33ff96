import Tenancy
import TestSupport
import Testing

@testable import Records

/// A cursor without a database: as bytes, and how it moves.
@Suite struct FeedCursorTests {
    private static let tenant = TenantID(.make())

    private func cursor(
        seen: FeedSnapshot = .nothing, floor: Int64 = 0, told: Int64? = nil, mark: FeedCursor.Mark? = nil,
        page: FeedCursor.Page? = nil, next: UInt64? = nil, timeline: UInt32? = 7
    ) -> FeedCursor {
        FeedCursor(
            tenantID: Self.tenant, service: .customer, epoch: 3, timeline: timeline, seen: seen, floor: floor,
            told: told, mark: mark, page: page, next: next)
    }

    private func snapshot(_ text: String) throws -> FeedSnapshot { try #require(FeedSnapshot(text)) }

    @Test(arguments: [
        "1:1:", "10:20:", "10:20:10,14,19", "18446744073709551610:18446744073709551615:18446744073709551612",
    ])
    func snapshotsAreReadAsPostgreSQLWritesThem(text: String) throws {
        #expect(try snapshot(text).text == text)
    }

    @Test(arguments: [
        "", "1:1", "0:0:", "20:10:", "10:20:9", "10:20:20", "10:20:14,12", "10:20:x", "10:20:12:", "a:b:",
    ])
    func whatIsNoSnapshotIsRefused(text: String) { #expect(FeedSnapshot(text) == nil) }

    @Test func bytesGiveTheSameCursor() throws {
        let seen = try snapshot("700:900:700,705,899")
        let page = FeedCursor.Page(snapshot: try snapshot("800:950:801"), next: 960, position: 44)
        for cursor in [
            cursor(), cursor(seen: seen, floor: 5, timeline: nil),
            cursor(seen: seen, floor: 5, told: 40, mark: .init(position: 40, next: 901), page: page),
            cursor(page: .init(snapshot: seen, next: nil, position: Int64.max)),
            cursor(seen: seen, floor: 5, told: 40, mark: .init(position: 40, next: 901), next: 903),
        ] {
            #expect(FeedCursor(cursor.bytes) == cursor)
        }
    }

    /// A thousand writers at once make a cursor of a few kilobytes.
    @Test func aCursorIsShort() throws {
        let running = (0..<1_000).map { String(5_000_000_000 + $0 * 150) }.joined(separator: ",")
        let seen = try snapshot("5000000000:5000200000:\(running)")
        #expect(cursor(seen: seen).bytes.count < 2_100)
    }

    /// Programs of before wrote no number at the end.
    @Test func cursorsOfVersion1AreRead() throws {
        let known = cursor(
            seen: try snapshot("700:900:700,705,899"), floor: 5, told: 40, mark: .init(position: 40, next: 901))
        #expect(known.bytes.first == 2 && known.bytes.last == 0)
        #expect(FeedCursor([1] + known.bytes.dropFirst().dropLast()) == known)
    }

    /// Whoever had an id when the snapshot was taken and has not ended may have written before what was told.
    @Test func theUnendedAreThoseWithAnID() throws {
        let seen = try snapshot("700:900:700,705")
        #expect(cursor(seen: seen, floor: 5, told: 40, next: 902).unended == [700, 705, 900, 901])
        #expect(cursor(seen: seen, floor: 5, told: 40, next: 900).unended == [700, 705])
        #expect(cursor(seen: seen, floor: 5, told: 40).unended == nil)
        #expect(cursor(seen: seen, floor: 40, told: 40, next: 902).unended == nil)
        #expect(cursor(seen: seen, floor: 5, told: 40, next: 998).unended?.count == 100)
        #expect(cursor(seen: seen, floor: 5, told: 40, next: 999).unended == nil)
        #expect(cursor(seen: seen, floor: 5, told: 40, next: .max).unended == nil)
        let page = FeedCursor.Page(snapshot: seen, next: 902, position: 44)
        #expect(cursor(seen: seen, floor: 5, told: 40, page: page, next: 902).unended == nil)
    }

    @Test func otherBytesAreRefused() throws {
        let page = FeedCursor.Page(snapshot: try snapshot("800:950:801"), next: 960, position: 44)
        let bytes = cursor(
            seen: try snapshot("700:900:700,705"), told: 9, mark: .init(position: 9, next: 901), page: page
        )
        .bytes
        for count in 0..<bytes.count { #expect(FeedCursor(Array(bytes.prefix(count))) == nil) }
        #expect(FeedCursor(bytes + [0]) == nil)
        #expect(FeedCursor(Array(repeating: 0x80, count: FeedCursor.bytesMax + 1)) == nil)
        #expect(FeedCursor([3] + bytes.dropFirst()) == nil)
        var random = SeededGenerator(seed: 74)
        for _ in 0..<20_000 {
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            // Whatever it is read as is a cursor, and none that ends the process.
            if let read = FeedCursor(changed) { #expect(FeedCursor(read.bytes) == read) }
        }
    }

    /// When nobody writes, what was told is the floor at once.
    @Test func theFloorFollowsAQuietServer() throws {
        var cursor = cursor()
        cursor.advance(to: 12, of: .init(snapshot: try snapshot("50:50:"), next: 50), hasMore: false)
        #expect(cursor.floor == 12 && cursor.mark == nil && cursor.told == 12)
    }

    /// A transaction that runs may have a row at a lower position, whatever its id: also one beyond xmax, which follows those that ended.
    @Test func theFloorWaitsForWhoRuns() throws {
        var cursor = cursor()
        cursor.advance(to: 12, of: .init(snapshot: try snapshot("50:50:"), next: 53), hasMore: false)
        #expect(cursor.floor == 0 && cursor.mark == .init(position: 12, next: 53))
        cursor.advance(to: 20, of: .init(snapshot: try snapshot("52:60:52"), next: 60), hasMore: false)
        #expect(cursor.floor == 0 && cursor.mark == .init(position: 12, next: 53))
        cursor.advance(to: nil, of: .init(snapshot: try snapshot("60:61:60"), next: 61), hasMore: false)
        #expect(cursor.floor == 12 && cursor.mark == .init(position: 20, next: 61))
        cursor.advance(to: nil, of: .init(snapshot: try snapshot("61:61:"), next: 61), hasMore: false)
        #expect(cursor.floor == 20 && cursor.mark == nil)
    }

    /// What a page told becomes the floor by what ran when its snapshot was taken, not when it was read to its end.
    @Test func pagesKeepTheirSnapshot() throws {
        let view = FeedCursor.View(snapshot: try snapshot("50:50:"), next: 50)
        var cursor = cursor(seen: try snapshot("40:40:"), floor: 3)
        cursor.advance(to: 10, of: view, hasMore: true)
        #expect(cursor.seen.text == "40:40:" && cursor.floor == 3 && cursor.edge == 10)
        cursor.advance(to: 12, of: view, hasMore: false)
        #expect(cursor.seen == view.snapshot && cursor.floor == 12 && cursor.page == nil)
    }

    @Test func aServerThatDoesNotTellItsNextTransactionMovesNoFloor() throws {
        var cursor = cursor()
        cursor.advance(to: 12, of: .init(snapshot: try snapshot("50:50:"), next: nil), hasMore: false)
        #expect(cursor.floor == 0 && cursor.mark == nil && cursor.told == 12)
    }
}
