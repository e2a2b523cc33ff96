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
    ///   - descriptorSets: of each package a serialized google.protobuf.FileDescriptorSet, with all that it uses, dependencies first. A name
    ///     is answered with that of its package, the longest one that is a prefix of it.
    package static func register(
        list: MethodDefinition, descriptors: MethodDefinition, services: [ReflectedService],
        descriptorSets: [String: [UInt8]], on router: inout Router
    ) {
        let listed = encoded(list.response) { describe(services.sorted { $0.name < $1.name }, in: $0) }
        let sets = descriptorSets.mapValues { set in
            encoded(descriptors.response) { answer in
                guard let field = answer.descriptor.field("file_descriptor_set") else { return }
                set.withUnsafeBytes { answer.setBytes(field, $0) }
            }
        }
        router.serve(list, by: .unaryEncoded { _, _ in listed })
        router.serve(
            descriptors,
            by: .unaryEncoded { request, _ in
                let symbol = request.descriptor.field("symbol").flatMap { request.string($0) } ?? ""
                let packages = sets.keys.filter { symbol == $0 || symbol.hasPrefix($0 + ".") }
                guard let package = packages.max(by: { $0.count < $1.count }), let answer = sets[package] else {
                    throw RPCError.notFound(
                        "SYMBOL_UNKNOWN",
                        "There is no service or message \(symbol); give a full name, as in steward.rpc.v1.HealthService.",
                        details: [(key: "symbol", value: symbol)])
                }
                return answer
            })
    }

    /// Once for all calls: anybody may ask for these long answers as often as he likes, and they never change.
    private static func encoded(_ type: MessageDescriptor, _ fill: (Message) -> Void) -> [UInt8] {
        let answer = Message.make(type, in: Arena())
        fill(answer)
        return WireCodec.encode(answer)
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
