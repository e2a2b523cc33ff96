package import Tenancy

/// A write of a record: a row of the ledger.
package struct FeedEvent: Sendable, Hashable {
    /// Its number. Numbers of a record's changes rise with its versions; events come in their order within a batch, not beyond it.
    package let position: Int64
    /// When the writer began.
    package let time: Timestamp
    /// The user who called; nil for a program.
    package let actorID: RecordID?
    /// For whom a program wrote.
    package let onBehalfOfID: RecordID?
    package let purpose: String?
    package let method: String
    /// The kind of record, as in `deal`.
    package let object: String
    package let recordID: RecordID
    /// The record's version after the change.
    package let version: Int64
    /// The changed fields as they were, a JSON object as stored; nil for a new record.
    package let before: [UInt8]?
    package let after: [UInt8]?
    package let requestID: String?
    package let traceID: String?
}

/// What a read of a feed gives.
package struct FeedBatch: Sendable {
    /// May be empty though more is to come: rows of kinds that the purpose does not read count as read.
    package let events: [FeedEvent]
    /// Where to go on.
    package let cursor: FeedCursor
    /// Everything that was committed when the read began has been told.
    package let isCaughtUp: Bool
    /// The server's last checkpoint when it was read.
    let checkpoint: String
}
