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
        for type in types.values {
            func shape(_ method: MethodDefinition) -> MethodShape { MethodShape(method: method, type: type) }
            let methods = type.methods
            router.serve(methods.get, by: .unaryEncoded(try GetMethod(self, shape(methods.get)).answer))
            router.serve(
                methods.batchGet, by: .unaryEncoded(try BatchGetMethod(self, shape(methods.batchGet)).answer))
            router.serve(methods.list, by: .unaryEncoded(try ListMethod(self, shape(methods.list)).answer))
            router.serve(methods.create, by: .unaryEncoded(try CreateMethod(self, shape(methods.create)).answer))
            router.serve(
                methods.batchCreate, by: .unaryEncoded(try BatchCreateMethod(self, shape(methods.batchCreate)).answer))
            try serveChanges(methods.update, methods.batchUpdate, shape, IntentReader.edit, on: &router)
            try serveChanges(methods.delete, methods.batchDelete, shape, IntentReader.deletion, on: &router)
            try serveChanges(methods.restore, methods.batchRestore, shape, IntentReader.restoration, on: &router)
            router.serve(
                methods.listChanges, by: .unaryEncoded(try ListChangesMethod(self, shape(methods.listChanges)).answer))
            router.serve(methods.export, by: .serverStreaming(try ExportMethod(self, shape(methods.export)).answer))
            router.serve(methods.undo, by: .unaryEncoded(try UndoMethod(self, shape(methods.undo)).answer))
            router.serve(
                methods.watch, by: .serverStreaming(try WatchMethod(self, shape(methods.watch), watchers).serve))
            guard let upsert = methods.upsert, let key = type.key else { continue }
            router.serve(upsert, by: .unaryEncoded(try UpsertMethod(self, shape(upsert), key: key).answer))
        }
    }

    /// A method for one record and the one for many: what a batch holds are requests of the other.
    private func serveChanges(
        _ single: MethodDefinition, _ batch: MethodDefinition, _ shape: (MethodDefinition) -> MethodShape,
        _ reader: (MethodShape) throws -> IntentReader, on router: inout Router
    ) throws {
        let reader = try reader(shape(single))
        router.serve(single, by: .unaryEncoded(try ChangeMethod(self, shape(single), reader).answer))
        router.serve(batch, by: .unaryEncoded(try BatchChangeMethod(self, shape(batch), reader).answer))
    }
}
