import Wire

/// What reflection tells about a service. The generated contracts know the comments.
package struct ReflectedService: Sendable, Hashable {
    /// A method with its comment.
    package struct Method: Sendable, Hashable {
        package var definition: MethodDefinition
        package var comment: String

        package init(definition: MethodDefinition, comment: String) {
            self.definition = definition
            self.comment = comment
        }
    }

    /// Full name.
    package var name: String
    package var comment: String
    /// In the order of the proto file.
    package var methods: [Method]

    package init(name: String, comment: String, methods: [Method]) {
        self.name = name
        self.comment = comment
        self.methods = methods
    }
}

/// Serves steward.rpc.v1.ReflectionService: what a client can call here, and the shapes of the messages. Needs no session.
package enum ReflectionHandlers {
    /// Serves both methods.
    /// - Parameters:
    ///   - list: ReflectionService/ListServices.
    ///   - descriptors: ReflectionService/GetDescriptors.
    ///   - services: what this program offers; a gateway names what it forwards as well.
    ///   - descriptorSet: a serialized google.protobuf.FileDescriptorSet for the full name of a service or message, with all that
    ///     it uses, dependencies first; nil for a name that is not known.
    package static func register(
        list: MethodDefinition, descriptors: MethodDefinition, services: [ReflectedService],
        descriptorSet: @escaping @Sendable (String) -> [UInt8]?, on router: inout Router
    ) {
        let sorted = services.sorted { $0.name < $1.name }
        router.unary(list) { _, context in
            let answer = Message.make(list.response, in: context.arena)
            describe(sorted, in: answer)
            return answer
        }
        router.unary(descriptors) { request, context in
            let symbol = request.descriptor.field("symbol").flatMap { request.string($0) } ?? ""
            guard let set = descriptorSet(symbol) else {
                throw RPCError.notFound(
                    "SYMBOL_UNKNOWN",
                    "There is no service or message \(symbol); give a full name, as in steward.rpc.v1.HealthService.",
                    details: [(key: "symbol", value: symbol)])
            }
            let answer = Message.make(descriptors.response, in: context.arena)
            if let field = descriptors.response.field("file_descriptor_set") {
                set.withUnsafeBytes { answer.setBytes(field, $0) }
            }
            return answer
        }
    }

    private static func describe(_ services: [ReflectedService], in answer: Message) {
        guard let field = answer.descriptor.field("services"), case .message(let type) = field.kind else {
            return
        }
        let messages = services.map { service in
            let message = Message.make(type, in: answer.arena)
            set("name", service.name, in: message)
            set("comment", service.comment, in: message)
            describe(service.methods, in: message)
            return message
        }
        answer.setMessages(field, messages)
    }

    private static func describe(_ methods: [ReflectedService.Method], in service: Message) {
        guard let field = service.descriptor.field("methods"), case .message(let type) = field.kind else {
            return
        }
        let messages = methods.map { method in
            let message = Message.make(type, in: service.arena)
            let definition = method.definition
            set("name", definition.name, in: message)
            set("comment", method.comment, in: message)
            set("request_type", definition.request.name, in: message)
            set("response_type", definition.response.name, in: message)
            let sendsMany = definition.kind == .clientStreaming || definition.kind == .bidirectional
            let getsMany = definition.kind == .serverStreaming || definition.kind == .bidirectional
            set("client_streaming", sendsMany, in: message)
            set("server_streaming", getsMany, in: message)
            // The methods of the protocol are not charged.
            if !definition.isOfProtocol, let field = message.descriptor.field("cost") {
                message.setUInt32(field, definition.cost)
            }
            return message
        }
        service.setMessages(field, messages)
    }

    private static func set(_ name: String, _ text: String, in message: Message) {
        if !text.isEmpty, let field = message.descriptor.field(name) { message.setString(field, text) }
    }

    private static func set(_ name: String, _ flag: Bool, in message: Message) {
        if flag, let field = message.descriptor.field(name) { message.setBool(field, flag) }
    }
}
