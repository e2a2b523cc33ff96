import AccessControl
import Contracts
package import RPC
import Wire

/// Finds the fields of a standard method's request and response by name, when the program starts.
struct MethodShape {
    let method: MethodDefinition
    let type: RecordType

    /// A field of the request.
    func request(_ name: String, repeated: Bool = false) throws -> FieldDescriptor {
        try field(name, in: method.request, repeated)
    }

    /// A field of the response.
    func response(_ name: String, repeated: Bool = false) throws -> FieldDescriptor {
        try field(name, in: method.response, repeated)
    }

    /// The field of the request that holds the record, or the records.
    func requestRecord(repeated: Bool = false) throws -> FieldDescriptor {
        try record(in: method.request, repeated)
    }

    /// The field of the response that holds the record, or the records.
    func responseRecord(repeated: Bool = false) throws -> FieldDescriptor {
        try record(in: method.response, repeated)
    }

    /// A field of a message in the request or response.
    func field(_ name: String, in message: MessageDescriptor, _ repeated: Bool) throws
        -> FieldDescriptor
    {
        guard let field = message.field(name), field.isRepeated == repeated else {
            throw problem("\(message.name) lacks the \(repeated ? "repeated " : "")field \(name).")
        }
        return field
    }

    private func record(in message: MessageDescriptor, _ repeated: Bool) throws -> FieldDescriptor {
        let fields = message.fields.filter { $0.kind == .message(type.message) && $0.isRepeated == repeated }
        guard fields.count == 1, let field = fields.first else {
            throw problem(
                "\(message.name) must have one \(repeated ? "repeated " : "")field of \(type.message.name).")
        }
        return field
    }

    func problem(_ text: String) -> DeclarationError {
        DeclarationError(object: type.object, problems: ["\(method.path): \(text)"])
    }
}

extension RecordEngine {
    /// Serves the standard methods of every declared record type. What else the services have is left alone.
    ///
    /// - Throws: `DeclarationError` when a request or response has another shape than the standard one.
    package func register(on router: inout Router) throws {
        let watchers = WatchHub(self, watchLimits)
        for type in types.values { try register(type, watchers, on: &router) }
    }

    private func register(_ type: RecordType, _ watchers: WatchHub, on router: inout Router) throws {
        let methods = type.methods
        try serve(methods.get, of: type, on: &router) { try GetMethod(self, $0).answer }
        try serve(methods.batchGet, of: type, on: &router) { try BatchGetMethod(self, $0).answer }
        try serve(methods.list, of: type, on: &router) { try ListMethod(self, $0).answer }
        try serve(methods.create, of: type, on: &router) { try CreateMethod(self, $0).answer }
        try serve(methods.batchCreate, of: type, on: &router) { try BatchCreateMethod(self, $0).answer }
        try serveChanges(methods.update, methods.batchUpdate, of: type, IntentReader.edit, on: &router)
        try serveChanges(methods.delete, methods.batchDelete, of: type, IntentReader.deletion, on: &router)
        try serveChanges(methods.restore, methods.batchRestore, of: type, IntentReader.restoration, on: &router)
        try serve(methods.listChanges, of: type, on: &router) { try ListChangesMethod(self, $0).answer }
        try serve(methods.undo, of: type, on: &router) { try UndoMethod(self, $0).answer }
        try serveStream(methods.export, of: type, on: &router) { try ExportMethod(self, $0).answer }
        try serveStream(methods.watch, of: type, on: &router) { try WatchMethod(self, $0, watchers).serve }
        guard let upsert = methods.upsert, let key = type.key else { return }
        try serve(upsert, of: type, on: &router) { try UpsertMethod(self, $0, key: key).answer }
    }

    /// A method for one record and the one for many: what a batch holds are requests of the other.
    private func serveChanges(
        _ single: MethodDefinition, _ batch: MethodDefinition, of type: RecordType,
        _ reader: @escaping @Sendable (MethodShape) throws -> IntentReader, on router: inout Router
    ) throws {
        try serve(single, of: type, on: &router) { try ChangeMethod(self, $0, reader($0)).answer }
        try serve(batch, of: type, on: &router) { shape in
            try BatchChangeMethod(self, shape, reader(MethodShape(method: single, type: shape.type))).answer
        }
    }

    private typealias Answer = @Sendable (Message, CallContext) async throws -> [UInt8]
    private typealias Stream = @Sendable (Message, MessageWriter, CallContext) async throws -> Void

    /// - Parameter make: makes the method: once, and where workspaces define the objects for each call, of the object that it names.
    private func serve(
        _ method: MethodDefinition, of type: RecordType, on router: inout Router,
        _ make: @escaping @Sendable (MethodShape) throws -> Answer
    ) throws {
        let answer = try make(MethodShape(method: method, type: type))
        guard type.isTemplate else { return router.serve(method, by: .unaryEncoded(answer)) }
        let object = try MethodShape(method: method, type: type).request("object")
        router.serve(
            method,
            by: .unaryEncoded { request, context in
                let own = try await self.type(named: request.string(object), of: type, context)
                return try await make(MethodShape(method: method, type: own))(request, context)
            })
    }

    /// The same for a method that answers with a stream.
    private func serveStream(
        _ method: MethodDefinition, of type: RecordType, on router: inout Router,
        _ make: @escaping @Sendable (MethodShape) throws -> Stream
    ) throws {
        let answer = try make(MethodShape(method: method, type: type))
        guard type.isTemplate else { return router.serve(method, by: .serverStreaming(answer)) }
        let object = try MethodShape(method: method, type: type).request("object")
        router.serve(
            method,
            by: .serverStreaming { request, responses, context in
                let own = try await self.type(named: request.string(object), of: type, context)
                try await make(MethodShape(method: method, type: own))(request, responses, context)
            })
    }

    /// The type of the object that a request names, in the caller's workspace.
    ///
    /// - Throws: INVALID_ARGUMENT with OBJECT_NOT_DEFINED; as `authorise` without a caller.
    func type(named name: String?, of template: RecordType, _ context: CallContext) async throws -> RecordType {
        let model = try await policy(context).model
        let name = name ?? ""
        // As grants, views and search call it is welcome, too: no name has a dot.
        let object = name.hasPrefix(TenantObject.prefix) ? name : TenantObject.prefix + name
        guard let type = template.shaped(by: model, as: object) else { throw RecordErrors.objectNotDefined(name) }
        return type.served
    }
}
