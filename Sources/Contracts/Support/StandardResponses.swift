import RPC
package import Wire

// The responses of the standard methods, for any type of records; see StandardRequests.swift.

/// One record.
public struct GetResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension GetResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.get.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// Records by id.
public struct BatchGetResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Those found, in the order asked for. More than 4 MiB of them are refused with RESOURCE_EXHAUSTED /
    /// ANSWER_TOO_LONG: ask for fewer ids, or for fewer fields with readMask.
    public var records: [Record]

    /// The ids of those not found.
    public var missingIDs: [String]

    public init(records: [Record] = [], missingIDs: [String] = []) {
        self.records = records
        self.missingIDs = missingIDs
    }
}

extension BatchGetResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchGet.response }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural), missingIDs: message.read("missing_ids"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("missing_ids", missingIDs)
    }
}

/// A page of records.
public struct ListResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The records.
    public var records: [Record]

    /// Token of the next page; absent on the last.
    public var nextPageToken: String?

    /// How many there are in all, if asked for.
    public var count: RecordCount?

    public init(records: [Record] = [], nextPageToken: String? = nil, count: RecordCount? = nil) {
        self.records = records
        self.nextPageToken = nextPageToken
        self.count = count
    }
}

extension ListResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.list.response }

    package init(_ message: Message) {
        self.init(
            records: message.read(Record.entry.plural), nextPageToken: message.read("next_page_token"),
            count: message.read("count"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("next_page_token", nextPageToken)
        message.write("count", count)
    }
}

/// The record created.
public struct CreateResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record as stored.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension CreateResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.create.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// The outcome for each.
public struct BatchCreateResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Those created, as stored, in the order of the request.
    public var records: [Record]

    /// One result for each item of the request.
    public var results: [ItemResult]

    public init(records: [Record] = [], results: [ItemResult] = []) {
        self.records = records
        self.results = results
    }
}

extension BatchCreateResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchCreate.response }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural), results: message.read("results"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("results", results)
    }
}

/// The record changed.
public struct UpdateResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record as stored.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension UpdateResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.update.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// The record is deleted.
public struct DeleteResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record with its deleteTime.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension DeleteResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.delete.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// The record lives again.
public struct RestoreResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record as stored.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension RestoreResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.restore.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}
