import RPC
public import Tenancy
package import Wire

// Request and response of the method that lists the changes of a record, for any type of records; see StandardRequests.swift.

/// Asks for a page of the changes of a record.
public struct ListChangesRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Its id.
    public var id: String?

    /// Also of a deleted one.
    public var showDeleted: Bool?

    /// Most changes on the page, 1 to 1,000; absent means 50. A page ends early at 3 MiB; nextPageToken goes on.
    public var pageSize: Int32?

    /// nextPageToken of the page before, with all else unchanged.
    public var pageToken: String?

    public init(
        id: String? = nil, showDeleted: Bool? = nil, pageSize: Int32? = nil, pageToken: String? = nil
    ) {
        self.id = id
        self.showDeleted = showDeleted
        self.pageSize = pageSize
        self.pageToken = pageToken
    }
}

extension ListChangesRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.listChanges.request }

    package init(_ message: Message) {
        self.init(
            id: message.read("id"), showDeleted: message.read("show_deleted"), pageSize: message.read("page_size"),
            pageToken: message.read("page_token"))
    }

    package func write(to message: Message) {
        message.write("id", id)
        message.write("show_deleted", showDeleted)
        message.write("page_size", pageSize)
        message.write("page_token", pageToken)
    }
}

/// A page of the changes of a record.
public struct ListChangesResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The changes, newest first. Those of which the caller may see no field are left out, and so are those older than what is kept.
    public var changes: [HistoryEntry<Record>]

    /// Token of the next page; absent on the last.
    public var nextPageToken: String?

    public init(changes: [HistoryEntry<Record>] = [], nextPageToken: String? = nil) {
        self.changes = changes
        self.nextPageToken = nextPageToken
    }
}

extension ListChangesResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.listChanges.response }

    package init(_ message: Message) {
        self.init(changes: message.read("changes"), nextPageToken: message.read("next_page_token"))
    }

    package func write(to message: Message) {
        message.write("changes", changes)
        message.write("next_page_token", nextPageToken)
    }
}

/// The change to be taken back.
public struct UndoRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The id of the record.
    public var id: String?

    /// The version that the change made, as the method that lists the changes gives it.
    public var version: Int64?

    public init(id: String? = nil, version: Int64? = nil) {
        self.id = id
        self.version = version
    }
}

extension UndoRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.undo.request }

    package init(_ message: Message) {
        self.init(id: message.read("id"), version: message.read("version"))
    }

    package func write(to message: Message) {
        message.write("id", id)
        message.write("version", version)
    }
}

/// The change is taken back.
public struct UndoResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The record as stored.
    public var record: Record?

    public init(record: Record? = nil) {
        self.record = record
    }
}

extension UndoResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.undo.response }

    package init(_ message: Message) {
        self.init(record: message.read(Record.entry.object))
    }

    package func write(to message: Message) {
        message.write(Record.entry.object, record)
    }
}

/// One change of a record.
public struct HistoryEntry<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The version that it made.
    public var version: Int64?

    /// When. Absent for whom the updateTime is hidden, or another moment that was changed.
    public var changeTime: Timestamp?

    /// What was done: create, update, delete, restore, undo, or the name of another method, as in MoveDealStage. Where the caller may
    /// not see all that was changed, create or update.
    public var method: String?

    /// The user who did it; absent for a program, and for whom the ownerID is hidden.
    public var actorID: String?

    /// The user for whom a program did it; absent when that was the workspace itself, and for whom the ownerID is hidden.
    public var onBehalfOfID: String?

    /// What a program did it for; absent for a user.
    public var purpose: String?

    /// The fields that were changed, as far as the caller may see them. Of a creation all that were set.
    public var changedFields: [String]

    /// These fields as they were; absent for a creation. Masked as in the record itself. Without before and after is a change of
    /// values that would not fit into an answer (3 MiB).
    public var before: Record?

    /// These fields as they became.
    public var after: Record?

    public init(
        version: Int64? = nil, changeTime: Timestamp? = nil, method: String? = nil, actorID: String? = nil,
        onBehalfOfID: String? = nil, purpose: String? = nil, changedFields: [String] = [], before: Record? = nil,
        after: Record? = nil
    ) {
        self.version = version
        self.changeTime = changeTime
        self.method = method
        self.actorID = actorID
        self.onBehalfOfID = onBehalfOfID
        self.purpose = purpose
        self.changedFields = changedFields
        self.before = before
        self.after = after
    }
}

extension HistoryEntry: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor {
        guard case .message(let entry) = ListChangesResponse<Record>.descriptor.field("changes")?.kind else {
            preconditionFailure("\(ListChangesResponse<Record>.descriptor) lists no changes")
        }
        return entry
    }

    package init(_ message: Message) {
        self.init(
            version: message.read("version"), changeTime: message.read("change_time"), method: message.read("method"),
            actorID: message.read("actor_id"), onBehalfOfID: message.read("on_behalf_of_id"),
            purpose: message.read("purpose"), changedFields: message.read("changed_fields"),
            before: message.read("before"), after: message.read("after"))
    }

    package func write(to message: Message) {
        message.write("version", version)
        message.write("change_time", changeTime)
        message.write("method", method)
        message.write("actor_id", actorID)
        message.write("on_behalf_of_id", onBehalfOfID)
        message.write("purpose", purpose)
        message.write("changed_fields", changedFields)
        message.write("before", before)
        message.write("after", after)
    }
}
