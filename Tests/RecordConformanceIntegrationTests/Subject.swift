import AccessControl
import Catalogue
import Contracts
import CustomerContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// A record type under test: each that `proto/` announces, and objects of a workspace's own.
struct Subject: Sendable, CustomTestStringConvertible {
    let entry: RecordEntry
    /// The object that the workspace has defined; nil for a type of the product.
    let own: TenantObject?

    init(entry: RecordEntry, own: TenantObject? = nil) {
        var entry = entry
        if let own { (entry.object, entry.ownership) = (own.object, own.isShared ? .shared : .owned) }
        (self.entry, self.own) = (entry, own)
    }

    static let all =
        ContractCatalogue.all.records.filter { !$0.isDefinedByWorkspace }.map { Subject(entry: $0) }
        + objects.map { Subject(entry: Record.entry, own: $0) }

    /// One with owners and names, one that numbers its records, one that belongs to all.
    static let objects = [
        TenantObject(name: "project", number: 1),
        TenantObject(name: "case", number: 2, numberFormat: NumberFormat("CASE-{year}-{number:5}")),
        TenantObject(name: "room", number: 3, isShared: true),
    ]

    /// As in `customer`, from the name of the message: `steward.customer.v1.Account`.
    var service: String { Installation.current.program(offering: entry.message.name)?.rawValue ?? "" }

    var testDescription: String { "\(service).\(entry.object)" }

    /// Runs `body` with a tenant of its own.
    func run(_ body: @escaping @Sendable (Bench) async throws -> Void) async throws {
        try await Homes.run(service) { service in
            try await body(bench(of: service))
        }
    }

    func bench(of service: TestService) throws -> Bench {
        let declared = service.definition.records.first {
            $0.object == (own == nil ? entry.object : Record.entry.object)
        }
        guard let declared else { throw UnservedType(name: testDescription) }
        let fields = declared.customColumn == nil ? [] : Self.fields(of: entry.object)
        service.set(fields, objects: Self.objects, choiceLists: [Self.choiceList])
        service.name(own?.name)
        let model = TenantModel(fields, objects: Self.objects, choiceLists: [Self.choiceList])
        guard let type = declared.shaped(by: model, as: entry.object) else { throw UnservedType(name: testDescription) }
        return Bench(type: type, service: service)
    }

    /// What the fields of all objects share.
    private static let choiceList = TenantChoiceList(
        name: "shared",
        entries: [
            TenantChoice(
                value: "kiwi shared", displayName: "Kiwi", labels: [TenantLabel(language: "zh", displayName: "奇异果")],
                colour: "#1e90ff"), TenantChoice(value: "kiwi bound"),
            TenantChoice(value: "old", isRetired: true, successor: "kiwi shared"),
        ], boundFields: ["account.industry"])

    /// A field of each kind that a workspace may add: they are held to what declared fields are held to.
    private static func fields(of object: String) -> [TenantField] {
        let kinds: [TenantField.Kind] = [
            .text, .longText, .wholeNumber, .number, .money, .yesNo, .date, .time, .choice, .choices, .email, .phone,
            .url, .reference,
        ]
        return kinds.enumerated().map { index, kind in
            let isText = [TenantField.Kind.text, .longText, .email].contains(kind)
            return TenantField(
                object: object, number: Int64(index + 1), name: "own_\(kind)".lowercased(), kind: kind,
                range: kind == .number ? 0...10_000_000 : nil,
                choices: kind == .choice ? ["kiwi choice \(index)", "other"] : [],
                choiceList: kind == .choices ? "shared" : nil,
                displayName: "Own", labels: [TenantLabel(language: "zh", displayName: "自己的")],
                defaultValue: kind == .wholeNumber ? .integer(7) : nil, pattern: isText ? ".*" : nil,
                isUnique: kind == .email,
                referenceObject: kind == .reference ? (object == "deal" ? "pipeline" : "account") : nil,
                decimals: kind == .number ? 3 : nil)
        }
    }
}

/// A type is announced in `proto/`, and no service that these tests know keeps its records.
struct UnservedType: Error {
    let name: String
}

/// A tenant's records of a type, called by their standard methods.
struct Bench: Sendable {
    let type: RecordType
    let service: TestService

    var methods: RecordMethods { type.methods }

    /// A record of the type from its encoded form.
    func record(_ bytes: [UInt8]) throws -> Message {
        shaped(try bytes.withUnsafeBytes { try WireCodec.decode($0, as: type.message.base, arena: Arena()) })
    }

    /// The records of the type that an answer tells, with custom fields as fields.
    func records(in answer: Message) -> [Message] { answer.records(of: type.message.base).map(shaped) }

    /// It keeps the items in which they were told, so that its bytes are what was told.
    func shaped(_ told: Message) -> Message {
        guard let record = try? type.taken(told, "") else { preconditionFailure("what is told is what is taken") }
        if let column = type.customColumn?.descriptor { record.setMessages(column, told.messages(column)) }
        return record
    }

    /// May do everything with the type and read all others, but for these fields.
    func user(scope: Scope = .all, hiding field: String? = nil, _ level: FieldLevel = .none) -> UserID {
        var grants: [(object: String, action: String, scope: Scope)] = ["create", "read", "update", "delete"].map {
            (type.object, $0, scope)
        }
        grants += service.definition.records.filter { $0.object != type.object && !$0.isTemplate }.map {
            ($0.object, "*", .all)
        }
        if type.standard.tags != nil { grants.append(("tag", "read", .all)) }
        // Nobody shares by a rule what he could not share one by one.
        if ["sharing_rule", "validation_rule"].contains(type.object) {
            grants += ["read", "update"].map { ("account", $0, .all) }
        }
        return service.makeUser(grants, hiding: field.map { [(type.object, $0, level)] } ?? [])
    }

    @discardableResult
    func get(_ id: String, as user: UserID? = nil) async throws -> Message {
        let answer = try await service.call(methods.get, as: user) { $0.set("id", id) }
        return try #require(records(in: answer).first)
    }

    @discardableResult
    func list(as user: UserID? = nil, _ fill: (Message) -> Void = { _ in }) async throws -> Message {
        try await service.call(methods.list, as: user, fill)
    }

    @discardableResult
    func batchGet(_ ids: [String], as user: UserID? = nil) async throws -> Message {
        try await service.call(methods.batchGet, as: user) { $0.setList("ids", ids) }
    }

    @discardableResult
    func create(_ record: Message, as user: UserID? = nil, requestID: String? = nil) async throws -> Message {
        let answer = try await service.call(methods.create, as: user, requestID: requestID) {
            $0.put([record], of: self)
        }
        return try #require(records(in: answer).first)
    }

    /// Why each record was not made; nil for those that were.
    @discardableResult
    func batchCreate(_ records: [Message], as user: UserID? = nil) async throws -> [String?] {
        let answer = try await service.call(methods.batchCreate, as: user) { $0.put(records, of: self) }
        return answer.records(of: ItemResult.descriptor).map { ItemResult($0).reason }
    }

    /// Sends a batch of one item that `fill` fills; throws what became of it, unless it was done.
    @discardableResult
    func batch(
        _ method: MethodDefinition, as user: UserID? = nil, requestID: String? = nil, _ fill: (Message) throws -> Void
    ) async throws -> Message {
        let item = try Self.item(of: method, fill)
        let answer = try await service.call(method, as: user, requestID: requestID) { $0.putItems([item]) }
        let result = try #require(answer.records(of: ItemResult.descriptor).map { ItemResult($0) }.first)
        let code = StatusCode(rawValue: result.code ?? 0)
        guard code == .ok else { throw RPCError(code, reason: result.reason ?? "", result.message ?? "") }
        return answer
    }

    /// A request of a batch.
    static func item(of method: MethodDefinition, _ fill: (Message) throws -> Void) throws -> Message {
        guard case .message(let kind) = method.request.field("requests")?.kind else {
            preconditionFailure("\(method.path) holds no requests")
        }
        let item = Message.make(kind, in: Arena())
        try fill(item)
        // Records that `fill` puts into it share their texts with it, and may go when it ends.
        return try WireCodec.encode(item).withUnsafeBytes { try WireCodec.decode($0, as: kind, arena: Arena()) }
    }

    /// The user may do everything, but for a field.
    func hide(_ field: RecordField?, _ level: FieldLevel, from user: UserID) {
        service.change(user, to: [("*", "*", .all)], hiding: field.map { [(type.object, $0.name, level)] } ?? [])
    }

    @discardableResult
    func update(
        _ record: Message, _ mask: [String], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Message {
        let answer = try await service.call(methods.update, as: user, requestID: requestID) {
            $0.put([record], of: self)
            $0.setList("update_mask", mask)
        }
        return try #require(records(in: answer).first)
    }

    @discardableResult
    func delete(_ id: String, as user: UserID? = nil) async throws -> Message {
        let answer = try await service.call(methods.delete, as: user) { $0.set("id", id) }
        return try #require(records(in: answer).first)
    }

    @discardableResult
    func restore(_ id: String, as user: UserID? = nil) async throws -> Message {
        let answer = try await service.call(methods.restore, as: user) { $0.set("id", id) }
        return try #require(records(in: answer).first)
    }

    /// Takes the change back that made a version.
    @discardableResult
    func undo(_ id: String, _ version: Int64, as user: UserID? = nil) async throws -> Message {
        let answer = try await service.call(methods.undo, as: user) { request in
            request.set("id", id)
            request.setInt64(request.field("version"), version)
        }
        return try #require(records(in: answer).first)
    }

    /// The ways to write, each with a record that the admin made.
    func writes(_ record: Message, as user: UserID) -> [(name: String, write: @Sendable () async throws -> Void)] {
        let id = record.named("id")
        let bytes = WireCodec.encode(type.told(record))
        let mask = type.fields.filter {
            $0.role != .customFields && !$0.isOutputOnly && !$0.isImmutable && record.has($0.descriptor)
        }.map(\.name)
        return [
            ("update", { try await update(try self.record(bytes), mask, as: user) }),
            ("delete", { try await delete(id, as: user) }),
            ("restore", { try await restore(id, as: user) }),
            (
                "batchUpdate",
                {
                    let record = try self.record(bytes)
                    try await batch(methods.batchUpdate, as: user) { item in
                        item.put([record], of: self)
                        item.setList("update_mask", mask)
                    }
                }
            ),
            ("undo", { try await undo(id, 1, as: user) }),
            ("batchDelete", { try await batch(methods.batchDelete, as: user) { $0.set("id", id) } }),
            ("batchRestore", { try await batch(methods.batchRestore, as: user) { $0.set("id", id) } }),
        ]
    }
}

extension Message {
    /// Puts records into a request, as they are told.
    func put(_ records: [Message], of bench: Bench) { put(records.map(bench.type.told)) }

    /// Puts the requests of a batch into it.
    func putItems(_ items: [Message]) { setMessages(field("requests"), items) }

    func field(_ name: String) -> FieldDescriptor {
        guard let field = descriptor.field(name) else { preconditionFailure("\(descriptor.name) has no field \(name)") }
        return field
    }

    func named(_ name: String) -> String { text(name) ?? "" }
}

/// The error that a call ends with; nil when it succeeds.
func refused(_ call: () async throws -> Void) async throws -> RPCError? {
    try await refusal { try await call() }
}

/// Expects a call to be refused for a reason. Closures stand here and not within `#expect`: Swift 6.3.1 gives one there the name, and the
/// code, of another one beside it.
func expect(
    _ reason: String, _ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Void
) async throws {
    let error = try await refused(call)
    #expect(error?.reason == reason, comment ?? "\(error as Any)", sourceLocation: location)
}
