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
        try await connection.call(noun.entry.methods[keyPath: method], requestID: requestID) { request in
            // It may be another object of the workspace's own than the command is about.
            if let own = noun.own { try FieldAssignment.set("object", to: own, in: request) }
            try fill(request)
        }
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
        try record(await call(method, requestID: requestID) { try fillRecord(of: $0, fill) })
    }

    /// Fills the record of a request, and its update mask with what `fill` gives.
    func fillRecord(of request: Message, _ fill: (Message) throws -> [String]) throws {
        guard let field = request.descriptor.fields.first(where: { $0.kind == .message(noun.record) }) else { return }
        let mask = try fill(request.makeMessage(field))
        if let maskField = request.descriptor.field("update_mask") { request.setStrings(maskField, mask) }
    }

    /// Fields, and the values that a record must have one of in each.
    typealias Conditions = [(field: String, values: [String])]

    /// A page of the living records that fulfil these conditions.
    ///
    /// - Parameters:
    ///   - size: the most on the page, 1 to 1,000; it ends earlier at 3 MiB.
    ///   - fields: the fields wanted; empty means all.
    ///   - token: of the page before, with all else unchanged.
    func page(
        _ conditions: Conditions, of size: Int = Self.pageSize, reading fields: [String] = [],
        after token: String? = nil, withDeleted: Bool = false
    ) async throws -> RecordPage {
        let answer = try await call(\.list) { request in
            guard let filter = request.descriptor.field("filter"), let sizeField = request.descriptor.field("page_size")
            else {
                return
            }
            let all = conditions.map { comparison($0.field, $0.values) }
            try MessageFill.set(
                filter, of: request, to: .object(["all": .object(["filters": .array(all)])]), path: "filter")
            request.setInt32(sizeField, Int32(size))
            if let mask = request.descriptor.field("read_mask") { request.setStrings(mask, fields) }
            if let token { try FieldAssignment.set("page_token", to: token, in: request) }
            if withDeleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
        }
        let next = answer.descriptor.field("next_page_token").flatMap { answer.string($0) }
        return RecordPage(records: records(answer), next: next)
    }

    /// All pages of the deleted among them, whatever their number.
    private func deleted(_ conditions: Conditions, reading fields: [String]) async throws -> [Message] {
        guard let time = noun.record.field("delete_time") else { return [] }
        var (found, token): ([Message], String?) = ([], nil)
        repeat {
            let page = try await page(conditions, reading: fields, after: token, withDeleted: true)
            found += page.records.filter { $0.has(time) }
            token = page.next
        } while token != nil
        return found
    }

    /// For each of the values that living records have in this field one of them, whatever their number. The values are
    /// as FieldText writes them.
    ///
    /// - Parameter fields: the fields wanted beside that one; empty means all.
    func findEach(
        _ field: String, in values: Set<String>, reading fields: [String] = []
    ) async throws -> [String: Message] {
        guard let descriptor = noun.record.field(field) else { return [:] }
        var found: [String: Message] = [:]
        let sorted = values.sorted()
        for start in stride(from: 0, to: sorted.count, by: Self.valuesPerCall) {
            var missing = Set(sorted[start..<min(start + Self.valuesPerCall, sorted.count)])
            var token: String?
            // A page may be full of records that share a value: those that are not on it are asked for again.
            repeat {
                let before = missing.count
                let page = try await page(
                    [(field, missing.sorted())], reading: fields.isEmpty ? [] : fields + [field], after: token)
                for record in page.records {
                    let value = FieldText.text(descriptor, of: record)
                    if missing.remove(value) != nil { found[value] = record }
                }
                guard let next = page.next else { break }
                token = missing.count == before ? next : nil
            } while !missing.isEmpty
        }
        return found
    }

    private static let valuesPerCall = 200
    private static let pageSize = 1_000

    private func comparison(_ field: String, _ values: [String]) -> JSONValue {
        .object([
            "compare": .object([
                "field": .string(field), "operator": .string("IN"),
                "values": .array(values.map { value(field, $0) }),
            ])
        ])
    }

    /// Numbers and truth values are compared with their like, all else is understood as text.
    private func value(_ field: String, _ text: String) -> JSONValue {
        switch noun.record.field(field)?.kind {
        case .bool where ["yes", "no", "true", "false"].contains(text):
            .object(["bool_value": .bool(["yes", "true"].contains(text))])
        case .double, .float:
            .object(Double(text).map { ["double_value": .number($0)] } ?? ["string_value": .string(text)])
        case .int32, .sint32, .sfixed32, .int64, .sint64, .sfixed64, .uint32, .fixed32, .uint64, .fixed64:
            .object(Int64(text).map { ["int_value": .integer($0)] } ?? ["string_value": .string(text)])
        default: .object(["string_value": .string(text)])
        }
    }

    /// The id of a deleted record that is given by its id or by its name, which several may have had.
    func deletedID(of record: String) async throws -> String {
        guard !RecordNouns.isID(record), let id = noun.record.field("id") else { return record }
        let fields = NameLookup.fields(of: noun) + ["delete_time"]
        var ids: Set<String> = []
        for key in try await RecordKeys(of: record, noun, connection).conditions {
            ids.formUnion(try await deleted(key, reading: fields).compactMap { $0.string(id) })
        }
        for lookup in ids.isEmpty ? NameLookup.lookups(of: [record], by: nil, noun) : [] {
            let found = try await deleted(lookup.conditions, reading: fields)
            ids.formUnion(found.filter { lookup.value(of: $0) != nil }.compactMap { $0.string(id) })
        }
        guard !ids.isEmpty || !noun.label.isEmpty else { return record }
        if let only = ids.first, ids.count == 1 { return only }
        guard !ids.isEmpty else {
            throw UsageProblem(
                "no deleted \(noun.name) that you may see has the name \(record)",
                cure: "steward \(noun.name) list --deleted shows when each was deleted")
        }
        throw UsageProblem(
            "\(ids.count) deleted \(noun.plural) have the name \(record): \(ids.sorted().prefix(5).joined(separator: "; "))",
            cure: "give the id of one; steward \(noun.name) list --deleted shows when each was deleted")
    }

    /// The id of a record that is given by its id, by its number or another field that no two records share, or by its name; users by
    /// their e-mail address too.
    func id(of record: String) async throws -> String {
        guard !RecordNouns.isID(record) else { return record }
        for key in try await RecordKeys(of: record, noun, connection).conditions {
            let found = try await page(key, of: 2, reading: ["id"]).records
            if let only = found.first, found.count == 1, let id = noun.record.field("id").flatMap({ only.string($0) }) {
                return id
            }
        }
        guard !noun.label.isEmpty else { return record }
        var resolver = ReferenceResolver(connection: connection)
        let path = ReferenceResolver.Path(target: "the id", noun: noun.key, field: nil, isRepeated: false)
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
        try OwnNoun.address(request, of: method)
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
