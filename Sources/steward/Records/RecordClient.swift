import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

/// Calls the standard methods of a kind of records, whatever it is, by the descriptors.
struct RecordClient {
    let connection: StewardConnection
    let noun: RecordNoun

    /// One of the standard methods.
    typealias Method = KeyPath<RecordMethods, MethodDefinition>

    /// Calls a method; `fill` sets the fields of the request.
    func call(_ method: Method, requestID: String? = nil, _ fill: (Message) throws -> Void) async throws -> Message {
        try await connection.call(noun.entry.methods[keyPath: method], requestID: requestID, fill)
    }

    /// The record of an answer that holds one.
    func record(_ answer: Message) throws -> Message {
        guard let field = answer.descriptor.fields.first(where: { $0.kind == .message(noun.record) }),
            let record = answer.message(field)
        else { throw UsageProblem("the server sent no \(noun.name)", cure: "update the command line or the server") }
        return record
    }

    /// The records of an answer that holds several.
    func records(_ answer: Message) -> [Message] {
        guard let field = answer.descriptor.fields.first(where: { $0.kind == .message(noun.record) && $0.isRepeated })
        else { return [] }
        return answer.messages(field)
    }

    func get(_ id: String) async throws -> Message {
        try record(await call(\.get) { request in try FieldAssignment.set("id", to: id, in: request) })
    }

    /// Creates or changes: the record of the request is filled by `fill`, which gives the update mask.
    func write(_ method: Method, requestID: String?, _ fill: (Message) throws -> [String]) async throws -> Message {
        let answer = try await call(method, requestID: requestID) { request in
            guard let field = request.descriptor.fields.first(where: { $0.kind == .message(noun.record) }) else {
                return
            }
            let mask = try fill(request.makeMessage(field))
            if let maskField = request.descriptor.field("update_mask") { request.setStrings(maskField, mask) }
        }
        return try record(answer)
    }

    /// The living records whose field has one of the values, at most `limit`.
    func find(_ field: String, in values: [String], limit: Int) async throws -> [Message] {
        try await find([(field, values)], limit: limit)
    }

    /// The living records that have one of the values in each of these fields, at most `limit`.
    func find(
        _ conditions: [(field: String, values: [String])], limit: Int, withDeleted: Bool = false
    ) async throws -> [Message] {
        let answer = try await call(\.list) { request in
            guard let filter = request.descriptor.field("filter"), let size = request.descriptor.field("page_size")
            else {
                return
            }
            let all = conditions.map { Self.comparison($0.field, $0.values) }
            try MessageFill.set(
                filter, of: request, to: .object(["all": .object(["filters": .array(all)])]), path: "filter")
            request.setInt32(size, Int32(limit))
            if withDeleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
        }
        return records(answer)
    }

    private static func comparison(_ field: String, _ values: [String]) -> JSONValue {
        .object([
            "compare": .object([
                "field": .string(field), "operator": .string("IN"),
                "values": .array(values.map { .object(["string_value": .string($0)]) }),
            ])
        ])
    }

    /// The id of a record that is given by its id or by its name, users by their e-mail address too.
    func id(of record: String) async throws -> String {
        guard !RecordNouns.isID(record), !noun.label.isEmpty else { return record }
        var resolver = ReferenceResolver(connection: connection)
        let path = ReferenceResolver.Path(target: "the id", noun: noun.name, field: nil, isRepeated: false)
        try await resolver.look(up: [record], path)
        return try resolver.id(of: record, path)
    }
}

extension StewardConnection {
    /// Calls a unary method with a request that `fill` fills. The answer lives in an arena of its own.
    func call(_ method: MethodDefinition, requestID: String? = nil, _ fill: (Message) throws -> Void) async throws
        -> Message
    {
        let request = Message.make(method.request, in: Arena())
        try fill(request)
        try request.checkTexts()
        let options = method.isIdempotent ? CallOptions() : .write(requestID)
        let answer = try await channel.unary(method, WireCodec.encode(request), options)
        return try answer.withUnsafeBytes { bytes in
            try WireCodec.decode(bytes, as: method.response, arena: Arena())
        }
    }
}

extension CallOptions {
    /// Of a write: under its request id it is sent again by itself when it fails for a passing reason, and done once.
    static func write(_ requestID: String? = nil) -> CallOptions {
        CallOptions(requestID: requestID ?? RecordID.make().text)
    }
}
