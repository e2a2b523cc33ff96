import RPC
package import Wire

// Request and response of the method that watches records, for any type of records; see StandardRequests.swift.

/// Asks for records and their changes.
public struct WatchRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. At most one of filter and filterExpression. What it asks of other records that a record refers to
    /// is asked of them as they are when the record itself changes; a change of theirs alone tells nothing.
    public var filter: Filter?

    /// The same as text.
    public var filterExpression: String?

    /// The fields wanted; empty means all that the caller may read.
    public var readMask: [String]

    /// resumeToken of the last response that was taken, with all else unchanged: goes on after it. Absent: begins anew.
    public var resumeToken: String?

    /// Begins with what changes from now on, without the records that there are.
    public var changesOnly: Bool?

    public init(
        filter: Filter? = nil, filterExpression: String? = nil, readMask: [String] = [], resumeToken: String? = nil,
        changesOnly: Bool? = nil
    ) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.readMask = readMask
        self.resumeToken = resumeToken
        self.changesOnly = changesOnly
    }
}

extension WatchRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.watch.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            readMask: message.read("read_mask"), resumeToken: message.read("resume_token"),
            changesOnly: message.read("changes_only"))
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write("read_mask", readMask)
        message.write("resume_token", resumeToken)
        message.write("changes_only", changesOnly)
    }
}

/// Some records, or news of them. One without records and ids only brings a resumeToken: at the beginning, and when nothing was told for
/// 15 s.
public struct WatchResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The records as they are now, in place of what was told of them before. A version is told once, unless it came up while those that
    /// there are were told; versions that were replaced within a moment are left out.
    public var records: [Record]

    /// The ids of records that are no more among those asked for: deleted, or changed so that the filter or the caller's rights leave
    /// them out.
    public var goneIDs: [String]

    /// Where to go on after this response.
    public var resumeToken: String?

    /// What was told before is void: the caller's rights have changed, or what is asked for. The records follow anew, unless
    /// changesOnly.
    public var reset: Bool?

    /// All records that there are have been told; from now on come changes.
    public var snapshotEnd: Bool?

    public init(
        records: [Record] = [], goneIDs: [String] = [], resumeToken: String? = nil, reset: Bool? = nil,
        snapshotEnd: Bool? = nil
    ) {
        self.records = records
        self.goneIDs = goneIDs
        self.resumeToken = resumeToken
        self.reset = reset
        self.snapshotEnd = snapshotEnd
    }
}

extension WatchResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.watch.response }

    package init(_ message: Message) {
        let entry = Record.entry
        self.init(
            records: message.read(entry.plural), goneIDs: message.read("gone_ids"),
            resumeToken: message.read("resume_token"), reset: message.read("reset"),
            snapshotEnd: message.read("snapshot_end"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("gone_ids", goneIDs)
        message.write("resume_token", resumeToken)
        message.write("reset", reset)
        message.write("snapshot_end", snapshotEnd)
    }
}
