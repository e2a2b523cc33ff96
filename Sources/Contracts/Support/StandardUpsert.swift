import RPC
package import Wire

// Request and response of the method that changes or creates a record by its key, for any type of records that has one; see
// StandardRequests.swift.

/// The record to change or to create.
public struct UpsertRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The values, matchField among them. The id is that of a new record; with a version edits of others are merged as by an update.
    public var record: Record?

    /// The fields to change when there is one; empty means those that are set. A new record gets all that are set.
    public var updateMask: [String]

    /// The field by which it is found, one that is unique among the living; absent means the key of the type.
    public var matchField: String?

    public init(record: Record? = nil, updateMask: [String] = [], matchField: String? = nil) {
        self.record = record
        self.updateMask = updateMask
        self.matchField = matchField
    }
}

extension UpsertRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.upsert.request }

    package init(_ message: Message) {
        self.init(
            record: message.read(Record.entry.object), updateMask: message.read("update_mask"),
            matchField: message.read("match_field"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
        message.write("update_mask", updateMask)
        message.write("match_field", matchField)
    }
}

/// The record changed or created.
public struct UpsertResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record as stored.
    public var record: Record?

    /// It was not there before.
    public var created: Bool?

    public init(record: Record? = nil, created: Bool? = nil) {
        self.record = record
        self.created = created
    }
}

extension UpsertResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.upsert.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object), created: message.read("created"))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
        message.write("created", created)
    }
}

extension RecordMessage {
    /// Generated code names these messages for types with a key only.
    fileprivate static var upsert: MethodDefinition {
        guard let method = entry.methods.upsert else { preconditionFailure("\(entry.object) has no key") }
        return method
    }
}
