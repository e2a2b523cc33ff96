package import Contracts
package import RPC
import Records
package import Tenancy
package import Wire

/// The standard methods of all record types, called as a tenant's user: records go in and come out, without the requests around them.
/// What a call does not say is as clients have it who do not say it; who does not name a user is the admin.
package protocol RecordCalls {
    func channel(as user: UserID?, requestID: String?) -> LocalChannel
    /// The object that requests name which have to name one: an object that the workspace has defined.
    var ownObject: String? { get }
}

extension RecordCalls {
    package var ownObject: String? { nil }

    /// The record as it is now.
    package func get<Record: RecordMessage>(
        _ record: Record, deleted: Bool? = nil, as user: UserID? = nil
    ) async throws -> Record { try await get(Record.self, record.recordID, deleted: deleted, as: user) }

    package func get<Record: RecordMessage>(
        _ type: Record.Type, _ id: String?, deleted: Bool? = nil, as user: UserID? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.get, as: user) { request in
            if let id { request.set("id", id) }
            if let deleted { request.set("show_deleted", deleted) }
        }
    }

    /// The first page.
    package func list<Record: RecordMessage>(
        _ type: Record.Type, _ filter: String? = nil, by order: [String] = [], deleted: Bool? = nil,
        as user: UserID? = nil
    ) async throws -> [Record] {
        let answer = try await call(Record.entry.methods.list, as: user) { request in
            if let filter { request.set("filter_expression", filter) }
            request.setList("order_by", order)
            if let deleted { request.set("show_deleted", deleted) }
        }
        return answer.records(of: Record.descriptor).map { Record($0) }
    }

    @discardableResult
    package func create<Record: RecordMessage>(
        _ record: Record, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.create, as: user, requestID: requestID) { $0.put(record) }
    }

    /// The records that were made, and what became of each item.
    @discardableResult
    package func batchCreate<Record: RecordMessage>(
        _ records: [Record], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> (records: [Record], results: [ItemResult]) {
        try await batch(Record.entry.methods.batchCreate, as: user, requestID: requestID) { $0.put(records) }
    }

    @discardableResult
    package func batchUpdate<Record: RecordMessage>(
        _ requests: [UpdateRequest<Record>], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> (records: [Record], results: [ItemResult]) {
        try await batch(Record.entry.methods.batchUpdate, as: user, requestID: requestID) { message in
            BatchUpdateRequest(requests: requests).write(to: message)
        }
    }

    @discardableResult
    package func batchDelete<Record: RecordMessage>(
        _ requests: [DeleteRequest<Record>], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> (records: [Record], results: [ItemResult]) {
        try await batch(Record.entry.methods.batchDelete, as: user, requestID: requestID) { message in
            BatchDeleteRequest(requests: requests).write(to: message)
        }
    }

    @discardableResult
    package func batchRestore<Record: RecordMessage>(
        _ requests: [RestoreRequest<Record>], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> (records: [Record], results: [ItemResult]) {
        try await batch(Record.entry.methods.batchRestore, as: user, requestID: requestID) { message in
            BatchRestoreRequest(requests: requests).write(to: message)
        }
    }

    private func batch<Record: RecordMessage>(
        _ method: MethodDefinition, as user: UserID?, requestID: String?, _ fill: (Message) -> Void
    ) async throws -> (records: [Record], results: [ItemResult]) {
        let answer = try await call(method, as: user, requestID: requestID, fill)
        return (
            answer.records(of: Record.descriptor).map { Record($0) },
            answer.records(of: ItemResult.descriptor).map { ItemResult($0) }
        )
    }

    /// - Parameter mask: the fields that are changed; without one all that `record` has.
    @discardableResult
    package func update<Record: RecordMessage>(
        _ record: Record, _ mask: [String] = [], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.update, as: user, requestID: requestID) { request in
            request.put(record)
            request.setList("update_mask", mask)
        }
    }

    @discardableResult
    package func delete<Record: RecordMessage>(
        _ record: Record, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record { try await delete(Record.self, record.recordID, as: user, requestID: requestID) }

    @discardableResult
    package func delete<Record: RecordMessage>(
        _ type: Record.Type, _ id: String?, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.delete, as: user, requestID: requestID) { if let id { $0.set("id", id) } }
    }

    @discardableResult
    package func restore<Record: RecordMessage>(
        _ record: Record, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record { try await restore(Record.self, record.recordID, as: user, requestID: requestID) }

    @discardableResult
    package func restore<Record: RecordMessage>(
        _ type: Record.Type, _ id: String?, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.restore, as: user, requestID: requestID) { if let id { $0.set("id", id) } }
    }

    /// - Parameter mask: the fields that are changed when the record is there; without one all that `record` has.
    @discardableResult
    package func upsert<Record: RecordMessage>(
        _ record: Record, _ mask: [String] = [], by field: String? = nil, as user: UserID? = nil,
        requestID: String? = nil
    ) async throws -> (record: Record, created: Bool) {
        guard let method = Record.entry.methods.upsert else { throw MissingRecord(method: Record.entry.object) }
        let answer = try await call(method, as: user, requestID: requestID) { request in
            request.put(record)
            request.setList("update_mask", mask)
            if let field { request.set("match_field", field) }
        }
        guard let record = answer.records(of: Record.descriptor).first else { throw MissingRecord(method: method.path) }
        return (Record(record), answer.flag("created") == true)
    }

    /// Takes the change back that made a version.
    @discardableResult
    package func undo<Record: RecordMessage>(
        _ record: Record, _ version: Int64?, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Record {
        try await one(Record.entry.methods.undo, as: user, requestID: requestID) { request in
            if let id = record.recordID { request.set("id", id) }
            if let version, let field = request.descriptor.field("version") { request.setInt64(field, version) }
        }
    }

    /// Calls a method with a request that `fill` writes; the answer lives in `arena`.
    @discardableResult
    package func call(
        _ method: MethodDefinition, as user: UserID? = nil, requestID: String? = nil, in arena: Arena = Arena(),
        _ fill: (Message) -> Void
    ) async throws -> Message {
        let request = request(of: method, in: arena)
        fill(request)
        let bytes = try await channel(as: user, requestID: requestID).unary(
            method, WireCodec.encode(request), CallOptions())
        return try bytes.withUnsafeBytes { try WireCodec.decode($0, as: method.response, arena: arena) }
    }

    /// An empty request, which names the object that is meant if it has to name one.
    package func request(of method: MethodDefinition, in arena: Arena = Arena()) -> Message {
        let request = Message.make(method.request, in: arena)
        if let field = method.request.field("object"), let ownObject { request.setString(field, ownObject) }
        return request
    }

    private func one<Record: RecordMessage>(
        _ method: MethodDefinition, as user: UserID?, requestID: String? = nil, _ fill: (Message) -> Void
    ) async throws -> Record {
        let answer = try await call(method, as: user, requestID: requestID, fill)
        guard let record = answer.records(of: Record.descriptor).first else { throw MissingRecord(method: method.path) }
        return Record(record)
    }
}

/// An answer that is to hold a record holds none.
private struct MissingRecord: Error {
    let method: String
}

extension RecordMessage {
    fileprivate var recordID: String? { message(in: Arena()).text("id") }
}

extension Message {
    package func setList(_ name: String, _ texts: [String]) {
        if let field = descriptor.field(name), !texts.isEmpty { setStrings(field, texts) }
    }

    /// The messages of this kind that the fields of this one hold.
    package func records(of kind: MessageDescriptor) -> [Message] {
        descriptor.fields.filter { $0.kind == .message(kind) }.flatMap { field in
            field.isRepeated ? messages(field) : message(field).map { [$0] } ?? []
        }
    }

    /// Puts records into the field for such.
    package func put(_ records: [Message]) {
        guard let kind = records.first?.descriptor else { return }
        let copies = records.map { record in
            let copy = Message.make(kind, in: arena)
            copy.copyFields(from: record, only: kind.fields)
            return copy
        }
        for field in descriptor.fields where field.kind == .message(kind) {
            if field.isRepeated { setMessages(field, copies) } else { setMessage(field, copies[0]) }
        }
    }

    fileprivate func put(_ records: [some RecordMessage]) { put(records.map { $0.message(in: arena) }) }
    fileprivate func put(_ record: some RecordMessage) { put([record]) }
}
