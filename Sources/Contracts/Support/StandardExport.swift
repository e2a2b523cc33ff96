import RPC
package import Wire

// Request and response of the method that exports records, for any type of records; see StandardRequests.swift.

/// Asks for all records that fulfil a filter.
public struct ExportRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. At most one of filter and filterExpression.
    public var filter: Filter?

    /// The same as text.
    public var filterExpression: String?

    /// Sort keys, as in List. Records that move in this order during the export may be missed or come twice; by create_time, the
    /// default, or id none does.
    public var orderBy: [String]

    /// The fields wanted; empty means all that the caller may read.
    public var readMask: [String]

    /// Also gives the deleted.
    public var showDeleted: Bool?

    /// resumeToken of the last response that was kept, with all else unchanged: the export goes on after it.
    public var resumeToken: String?

    public init(
        filter: Filter? = nil, filterExpression: String? = nil, orderBy: [String] = [], readMask: [String] = [],
        showDeleted: Bool? = nil, resumeToken: String? = nil
    ) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.orderBy = orderBy
        self.readMask = readMask
        self.showDeleted = showDeleted
        self.resumeToken = resumeToken
    }
}

extension ExportRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.export.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            orderBy: message.read("order_by"), readMask: message.read("read_mask"),
            showDeleted: message.read("show_deleted"), resumeToken: message.read("resume_token"))
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write("order_by", orderBy)
        message.write("read_mask", readMask)
        message.write("show_deleted", showDeleted)
        message.write("resume_token", resumeToken)
    }
}

/// A part of an export.
public struct ExportResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The next records, about 256 KiB of them.
    public var records: [Record]

    /// Where the export goes on after these; absent when it is complete.
    public var resumeToken: String?

    /// How many there were so far, before the export was resumed included.
    public var recordCount: Int64?

    public init(records: [Record] = [], resumeToken: String? = nil, recordCount: Int64? = nil) {
        self.records = records
        self.resumeToken = resumeToken
        self.recordCount = recordCount
    }
}

extension ExportResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.export.response }

    package init(_ message: Message) {
        self.init(
            records: message.read(Record.entry.plural), resumeToken: message.read("resume_token"),
            recordCount: message.read("record_count"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("resume_token", resumeToken)
        message.write("record_count", recordCount)
    }
}
