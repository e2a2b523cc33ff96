import AccessControl
import Contracts
import CustomerService
import RPC
import SalesService
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// A record type under test, in the service that keeps it.
struct Subject: Sendable, CustomTestStringConvertible {
    let definition: ServiceDefinition
    let type: RecordType

    static let all: [Subject] = [CustomerService.definition, SalesService.definition].flatMap { definition in
        definition.records.map { Subject(definition: definition, type: $0) }
    }

    var testDescription: String { "\(definition.name.rawValue).\(type.object)" }

    /// A record of the type from its encoded form.
    func record(_ bytes: [UInt8]) throws -> Message {
        try bytes.withUnsafeBytes { try WireCodec.decode($0, as: type.message, arena: Arena()) }
    }

    /// Runs `body` with a tenant of its own.
    func run(_ body: @escaping @Sendable (Bench) async throws -> Void) async throws {
        try await TestService.run(definition) { service in
            try await body(Bench(subject: self, service: service))
        }
    }
}

/// A tenant's records of a type, called by their standard methods.
struct Bench: Sendable {
    let subject: Subject
    let service: TestService

    var type: RecordType { subject.type }
    var methods: RecordMethods { type.methods }

    /// May do everything with the type and read all others, but for these fields.
    func user(scope: Scope = .all, hiding field: String? = nil, _ level: FieldLevel = .none) -> UserID {
        var grants: [(object: String, action: String, scope: Scope)] = ["create", "read", "update", "delete"].map {
            (type.object, $0, scope)
        }
        grants += subject.definition.records.filter { $0.object != type.object }.map { ($0.object, "*", .all) }
        return service.makeUser(grants, hiding: field.map { [(type.object, $0, level)] } ?? [])
    }

    /// Calls a method with a request that `fill` writes.
    @discardableResult
    func call(
        _ method: MethodDefinition, as user: UserID? = nil, requestID: String? = nil, in arena: Arena = Arena(),
        _ fill: (Message) -> Void
    ) async throws -> Message {
        let request = Message.make(method.request, in: arena)
        fill(request)
        let bytes = try await service.channel(as: user, requestID: requestID).unary(
            method, WireCodec.encode(request), CallOptions())
        return try bytes.withUnsafeBytes { try WireCodec.decode($0, as: method.response, arena: arena) }
    }

    @discardableResult
    func get(_ id: String, as user: UserID? = nil) async throws -> Message {
        try #require(try await call(methods.get, as: user) { $0.set("id", id) }.records(of: type).first)
    }

    @discardableResult
    func list(as user: UserID? = nil, _ fill: (Message) -> Void = { _ in }) async throws -> Message {
        try await call(methods.list, as: user, fill)
    }

    @discardableResult
    func batchGet(_ ids: [String], as user: UserID? = nil) async throws -> Message {
        try await call(methods.batchGet, as: user) { $0.setList("ids", ids) }
    }

    @discardableResult
    func create(_ record: Message, as user: UserID? = nil, requestID: String? = nil) async throws -> Message {
        let answer = try await call(methods.create, as: user, requestID: requestID) { $0.set(record, of: type) }
        return try #require(answer.records(of: type).first)
    }

    @discardableResult
    func update(
        _ record: Message, _ mask: [String], as user: UserID? = nil, requestID: String? = nil
    ) async throws -> Message {
        let answer = try await call(methods.update, as: user, requestID: requestID) {
            $0.set(record, of: type)
            $0.setList("update_mask", mask)
        }
        return try #require(answer.records(of: type).first)
    }

    func delete(_ id: String, as user: UserID? = nil) async throws {
        try await call(methods.delete, as: user) { $0.set("id", id) }
    }

    @discardableResult
    func restore(_ id: String, as user: UserID? = nil) async throws -> Message {
        try #require(try await call(methods.restore, as: user) { $0.set("id", id) }.records(of: type).first)
    }

    /// The ways to write, each with a record that the admin made.
    func writes(_ record: Message, as user: UserID) -> [(name: String, write: @Sendable () async throws -> Void)] {
        let id = record.named("id")
        let bytes = WireCodec.encode(record)
        let mask = type.fields.filter { !$0.isOutputOnly && !$0.isImmutable && record.has($0.descriptor) }.map(\.name)
        return [
            ("update", { try await update(try subject.record(bytes), mask, as: user) }),
            ("delete", { try await delete(id, as: user) }),
            ("restore", { try await restore(id, as: user) }),
        ]
    }
}

extension Message {
    func field(_ name: String) -> FieldDescriptor {
        guard let field = descriptor.field(name) else { preconditionFailure("\(descriptor.name) has no field \(name)") }
        return field
    }

    func named(_ name: String) -> String { string(field(name)) ?? "" }

    func set(_ name: String, _ text: String) { setString(field(name), text) }

    func setList(_ name: String, _ texts: [String]) { setStrings(field(name), texts) }

    /// Puts a record into the field that holds one.
    func set(_ record: Message, of type: RecordType) {
        let copy = Message.make(record.descriptor, in: arena)
        copy.copyFields(from: record, only: record.descriptor.fields)
        for field in descriptor.fields where field.kind == .message(type.message) { setMessage(field, copy) }
    }

    /// The records of the type that stand in this answer.
    func records(of type: RecordType) -> [Message] {
        descriptor.fields.filter { $0.kind == .message(type.message) }.flatMap { field in
            field.isRepeated ? messages(field) : message(field).map { [$0] } ?? []
        }
    }
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
