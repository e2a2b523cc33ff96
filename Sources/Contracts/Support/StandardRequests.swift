import RPC
package import Wire

// The requests of the standard methods, for any type of records: what proto/record.template makes of each type on the wire. A message of
// each type has its own name there, and so a typealias: GetAccountRequest is GetRequest<Account>. Servers read them by descriptor.

/// Asks for one record.
public struct GetRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Its id.
    public var id: String?

    /// The fields wanted; empty means all that the caller may read.
    public var readMask: [String]

    /// Also finds it when deleted.
    public var showDeleted: Bool?

    public init(id: String? = nil, readMask: [String] = [], showDeleted: Bool? = nil) {
        self.id = id
        self.readMask = readMask
        self.showDeleted = showDeleted
    }
}

extension GetRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.get.request }

    package init(_ message: Message) {
        self.init(
            id: message.read("id"), readMask: message.read("read_mask"), showDeleted: message.read("show_deleted"))
    }

    package func write(to message: Message) {
        message.write("id", id)
        message.write("read_mask", readMask)
        message.write("show_deleted", showDeleted)
    }
}

/// Asks for records by id.
public struct BatchGetRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The ids, 1 to 1,000. One that is named again is answered once.
    public var ids: [String]

    /// The fields wanted; empty means all that the caller may read.
    public var readMask: [String]

    public init(ids: [String] = [], readMask: [String] = []) {
        self.ids = ids
        self.readMask = readMask
    }
}

extension BatchGetRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchGet.request }

    package init(_ message: Message) {
        self.init(ids: message.read("ids"), readMask: message.read("read_mask"))
    }

    package func write(to message: Message) {
        message.write("ids", ids)
        message.write("read_mask", readMask)
    }
}

/// Asks for a page of records.
public struct ListRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. At most one of filter and filterExpression.
    public var filter: Filter?

    /// The same as text, as in: display_name ~ "shop" and create_time > 2026-01-01T00:00:00Z.
    public var filterExpression: String?

    /// Sort keys, at most 3, each a field name or a field name followed by " desc". The default is newest first.
    public var orderBy: [String]

    /// Most records on the page, 1 to 1,000; absent means 50. A page ends early at 3 MiB; nextPageToken goes on.
    public var pageSize: Int32?

    /// nextPageToken of the page before, with all else unchanged.
    public var pageToken: String?

    /// The fields wanted; empty means all that the caller may read.
    public var readMask: [String]

    /// Also gives how many there are in all.
    public var includeCount: Bool?

    /// Also lists the deleted.
    public var showDeleted: Bool?

    public init(
        filter: Filter? = nil, filterExpression: String? = nil, orderBy: [String] = [], pageSize: Int32? = nil,
        pageToken: String? = nil, readMask: [String] = [], includeCount: Bool? = nil, showDeleted: Bool? = nil
    ) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.orderBy = orderBy
        self.pageSize = pageSize
        self.pageToken = pageToken
        self.readMask = readMask
        self.includeCount = includeCount
        self.showDeleted = showDeleted
    }
}

extension ListRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.list.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            orderBy: message.read("order_by"), pageSize: message.read("page_size"),
            pageToken: message.read("page_token"), readMask: message.read("read_mask"),
            includeCount: message.read("include_count"), showDeleted: message.read("show_deleted"))
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write("order_by", orderBy)
        message.write("page_size", pageSize)
        message.write("page_token", pageToken)
        message.write("read_mask", readMask)
        message.write("include_count", includeCount)
        message.write("show_deleted", showDeleted)
    }
}

/// The record to create.
public struct CreateRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension CreateRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.create.request }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// The records to create.
public struct BatchCreateRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The records, 1 to 1,000. When the answer would have more than 4 MiB, none is stored: RESOURCE_EXHAUSTED /
    /// ANSWER_TOO_LONG.
    public var records: [Record]

    public init(records: [Record] = []) {
        self.records = records
    }
}

extension BatchCreateRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchCreate.request }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
    }
}

/// The changes of a record.
public struct UpdateRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// id, the version that was read, and the new values. Without a version the last writer wins.
    public var record: Record?

    /// The fields to change; a field named here and not set above is cleared.
    public var updateMask: [String]

    public init(record: Record? = nil, updateMask: [String] = []) {
        self.record = record
        self.updateMask = updateMask
    }
}

extension UpdateRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.update.request }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object), updateMask: message.read("update_mask"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
        message.write("update_mask", updateMask)
    }
}

/// The record to delete.
public struct DeleteRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Its id.
    public var id: String?

    /// Refuses with ABORTED when the record has another version. Absent: any.
    public var version: Int64?

    public init(id: String? = nil, version: Int64? = nil) {
        self.id = id
        self.version = version
    }
}

extension DeleteRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.delete.request }

    package init(_ message: Message) {
        self.init(id: message.read("id"), version: message.read("version"))
    }

    package func write(to message: Message) {
        message.write("id", id)
        message.write("version", version)
    }
}

/// The record to bring back.
public struct RestoreRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Its id.
    public var id: String?

    public init(id: String? = nil) {
        self.id = id
    }
}

extension RestoreRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.restore.request }

    package init(_ message: Message) {
        self.init(id: message.read("id"))
    }

    package func write(to message: Message) {
        message.write("id", id)
    }
}
