import RPC
package import Wire

// Requests and responses of the methods that change, delete or restore many records, for any type of records; see StandardRequests.swift.

/// The records to change.
public struct BatchUpdateRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// What would be sent for each alone, 1 to 1,000. They are done in this order; a record that one before names, too, is refused.
    /// For more, send several batches, as pages of a filtered list give them.
    public var requests: [UpdateRequest<Record>]

    public init(requests: [UpdateRequest<Record>] = []) {
        self.requests = requests
    }
}

extension BatchUpdateRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchUpdate.request }

    package init(_ message: Message) {
        self.init(requests: message.read("requests"))
    }

    package func write(to message: Message) {
        message.write("requests", requests)
    }
}

/// The outcome for each.
public struct BatchUpdateResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Those changed, as stored, in the order of the request. When they have more than 4 MiB, nothing is done: RESOURCE_EXHAUSTED /
    /// ANSWER_TOO_LONG.
    public var records: [Record]

    /// One result for each item of the request.
    public var results: [ItemResult]

    public init(records: [Record] = [], results: [ItemResult] = []) {
        self.records = records
        self.results = results
    }
}

extension BatchUpdateResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchUpdate.response }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural), results: message.read("results"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("results", results)
    }
}

/// The records to delete.
public struct BatchDeleteRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// What would be sent for each alone, 1 to 1,000. They are done in this order; a record that one before names, too, is refused.
    /// For more, send several batches, as pages of a filtered list give them.
    public var requests: [DeleteRequest<Record>]

    public init(requests: [DeleteRequest<Record>] = []) {
        self.requests = requests
    }
}

extension BatchDeleteRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchDelete.request }

    package init(_ message: Message) {
        self.init(requests: message.read("requests"))
    }

    package func write(to message: Message) {
        message.write("requests", requests)
    }
}

/// The outcome for each.
public struct BatchDeleteResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Those deleted, as stored, in the order of the request. When they have more than 4 MiB, nothing is done: RESOURCE_EXHAUSTED /
    /// ANSWER_TOO_LONG.
    public var records: [Record]

    /// One result for each item of the request.
    public var results: [ItemResult]

    public init(records: [Record] = [], results: [ItemResult] = []) {
        self.records = records
        self.results = results
    }
}

extension BatchDeleteResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchDelete.response }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural), results: message.read("results"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("results", results)
    }
}

/// The records to bring back.
public struct BatchRestoreRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// What would be sent for each alone, 1 to 1,000. They are done in this order; a record that one before names, too, is refused.
    /// For more, send several batches, as pages of a filtered list give them.
    public var requests: [RestoreRequest<Record>]

    public init(requests: [RestoreRequest<Record>] = []) {
        self.requests = requests
    }
}

extension BatchRestoreRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchRestore.request }

    package init(_ message: Message) {
        self.init(requests: message.read("requests"))
    }

    package func write(to message: Message) {
        message.write("requests", requests)
    }
}

/// The outcome for each.
public struct BatchRestoreResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Those that came back, as stored, in the order of the request. When they have more than 4 MiB, nothing is done: RESOURCE_EXHAUSTED /
    /// ANSWER_TOO_LONG.
    public var records: [Record]

    /// One result for each item of the request.
    public var results: [ItemResult]

    public init(records: [Record] = [], results: [ItemResult] = []) {
        self.records = records
        self.results = results
    }
}

extension BatchRestoreResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.batchRestore.response }

    package init(_ message: Message) {
        self.init(records: message.read(Record.entry.plural), results: message.read("results"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.plural, records)
        message.write("results", results)
    }
}
