import Tenancy

/// How far a reader of a feed has read: the transactions that it saw. What is told next is what a later snapshot sees and this one does
/// not, whatever the numbers of the rows.
///
/// A cursor is good in the feed that gave it: of this tenant and service, where the data lay then, in one history of the server.
package struct FeedCursor: Sendable, Hashable {
    let tenantID: TenantID
    let service: ServiceName
    /// The placement's epoch.
    let epoch: Int64
    /// The server's timeline, which begins anew when a server that may lack transactions takes over; nil for a cursor that is kept in the
    /// database itself, and so has the history of its data.
    var timeline: UInt32?
    /// All that these transactions wrote is told.
    private(set) var seen: FeedSnapshot
    /// No row at this position or before it is still to be told, nor ever will be: where the search for others begins.
    private(set) var floor: Int64
    /// The highest position that was told.
    private(set) var told: Int64
    private(set) var mark: Mark?
    private(set) var page: Page?
    /// The first id that nobody had when `seen` was taken; nil when it is not known.
    private(set) var next: UInt64?

    /// A position that becomes the floor when every transaction before `next` has ended. A transaction takes its id before its
    /// positions, so that rows up to `position` are of transactions before `next`, the first id that nobody had when the row was seen.
    struct Mark: Sendable, Hashable {
        let position: Int64
        let next: UInt64
    }

    /// A snapshot of which more is to be told than one batch held.
    struct Page: Sendable, Hashable {
        let snapshot: FeedSnapshot
        /// The first id that nobody had when the snapshot was taken; nil when it is not known.
        let next: UInt64?
        /// The position that was told last.
        let position: Int64
    }

    init(
        tenantID: TenantID, service: ServiceName, epoch: Int64, timeline: UInt32?, seen: FeedSnapshot, floor: Int64,
        told: Int64? = nil, mark: Mark? = nil, page: Page? = nil, next: UInt64? = nil
    ) {
        (self.tenantID, self.service, self.epoch, self.timeline) = (tenantID, service, epoch, timeline)
        (self.seen, self.floor, self.mark, self.page, self.next) = (seen, floor, mark, page, next)
        self.told = told ?? floor
    }

    /// The rows to be told next have higher positions.
    var edge: Int64 { max(floor, page?.position ?? 0) }

    /// Transactions that may have written rows up to `told` which `seen` does not see. As long as none of them has ended, what is to be told
    /// next comes after `told`: whoever had no id then took his positions later. Nil when that is not known, or they are too many to
    /// be named; then the search begins at the edge.
    var unended: [UInt64]? {
        guard page == nil, told > floor, let next, next >= seen.xmax else { return nil }
        let beyond = next - seen.xmax
        guard beyond <= Self.unendedMax, seen.running.count + Int(beyond) <= Self.unendedMax else { return nil }
        return seen.running + (seen.xmax..<next)
    }

    private static let unendedMax = 100

    /// The snapshot and its first unused id, of which rows are to be told next.
    struct View: Sendable, Hashable {
        let snapshot: FeedSnapshot
        let next: UInt64?
    }

    /// Rows of the view were told, up to this position (nil for none); there are more of them, or not.
    mutating func advance(to position: Int64?, of view: View, hasMore: Bool) {
        if let position { told = max(told, position) }
        if hasMore {
            page = Page(snapshot: view.snapshot, next: view.next, position: position ?? edge)
            return
        }
        page = nil
        (seen, next) = (view.snapshot, view.next)
        settle()
        if mark == nil, told > floor, let next = view.next {
            mark = Mark(position: told, next: next)
            settle()
        }
    }

    /// From now on, until that is told, only what this later snapshot sees. For a cursor that is not within another one already.
    mutating func stay(within snapshot: FeedSnapshot) {
        page = Page(snapshot: snapshot, next: nil, position: edge)
    }

    /// One mark is enough: while it waits for a long transaction, what comes meanwhile waits for the mark after it.
    private mutating func settle() {
        guard let ripe = mark, ripe.next <= seen.xmin else { return }
        floor = max(floor, ripe.position)
        mark = nil
    }

    /// Whether the other stands elsewhere. That it has seen more transactions which wrote nothing is no progress worth keeping.
    func stands(where other: FeedCursor) -> Bool {
        (floor, told, page) == (other.floor, other.told, other.page) && mark == other.mark
    }
}
