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

    private func field(_ name: String, in message: MessageDescriptor, _ repeated: Bool) throws
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

    private func problem(_ text: String) -> DeclarationError {
        DeclarationError(object: type.object, problems: ["\(method.path): \(text)"])
    }
}

extension RecordEngine {
    /// Serves the standard methods of a record type that the service has: Get, BatchGet, List, Create, BatchCreate,
    /// Update, Delete and Restore, told apart by the first words of their names. Other methods are left alone.
    ///
    /// - Throws: `DeclarationError` when a request or response has another shape than the standard one.
    package func register(_ type: RecordType, methods: [MethodDefinition], on router: inout Router) throws {
        guard self.type(type.object) === type else {
            throw DeclarationError(object: type.object, problems: ["The engine was not given this type."])
        }
        let noun = type.message.shortName
        for method in methods where method.kind == .unary {
            let shape = MethodShape(method: method, type: type)
            guard let handler = try handler(for: shape, noun: noun) else { continue }
            router.serve(method, by: handler)
        }
    }

    private func handler(
        for shape: MethodShape, noun: String
    ) throws -> Router.Handler? {
        switch shape.method.name {
        case "Get\(noun)": return .unary(try GetMethod(self, shape).answer)
        case "Create\(noun)": return .unaryEncoded(try CreateMethod(self, shape).answer)
        case "Update\(noun)": return .unaryEncoded(try UpdateMethod(self, shape).answer)
        case "Delete\(noun)": return .unaryEncoded(try DeleteMethod(self, shape).answer)
        case "Restore\(noun)": return .unaryEncoded(try RestoreMethod(self, shape).answer)
        default: break
        }
        // The plural of the noun is the English one, which the response tells: its repeated field is of the type.
        let name = shape.method.name
        let isPlural = shape.method.response.fields.contains {
            $0.kind == .message(shape.type.message) && $0.isRepeated
        }
        guard isPlural, name.contains(noun.dropLast()) else { return nil }
        if name.hasPrefix("BatchGet") { return .unary(try BatchGetMethod(self, shape).answer) }
        if name.hasPrefix("BatchCreate") { return .unaryEncoded(try BatchCreateMethod(self, shape).answer) }
        return name.hasPrefix("List") ? .unary(try ListMethod(self, shape).answer) : nil
    }
}
