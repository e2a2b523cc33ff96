/// Bounds of what watchers may take of a process.
package struct WatchLimits: Sendable {
    /// Watchers of a workspace at a time: half of the calls that it may have under way.
    package var ofTenantMax = 256
    /// Watchers of a user at a time.
    package var ofUserMax = 64
    /// Bytes of news kept for the watchers of a workspace. Who has not taken what was dropped is told so.
    package var bytesKeptMax = 16 << 20
    /// Batches of news kept, whatever they hold.
    package var batchesKeptMax = 256
    /// Without a word for so long, a watcher is sent a response that tells nothing.
    package var silenceMax = Duration.seconds(15)
    /// So often the feed is looked at without being told that there is something: what other processes write, and changes of rights.
    package var period = Duration.milliseconds(200)
    /// Least time between two looks, and so the most that news wait to be told with others.
    package var pause = Duration.milliseconds(20)

    package init() {}

    /// Events that are looked at together.
    static let eventsAtOnce = 100
    /// Events of a record after those that are looked through to tell what it was then, for who comes late …
    static let laterEventsMax = 1_000
    /// … and for all who wait for news, of which few are later.
    static let laterNewsMax = 100
    /// Events after those of a batch that are looked through, of all its records.
    static let laterRowsAtOnce = 5_000
    /// Records of a page of those that there are.
    static let pageSize = 200
    /// How long reading a page or a batch may take.
    static let readTimeout = Duration.seconds(30)
}
