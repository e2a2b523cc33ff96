/// Makes, for a service, the definitions of its methods, the protocol of its custom methods and the client.
struct ServiceEmitter {
    let catalogue: Catalogue
    /// The Swift module that it is made in.
    let module: String

    func emit(_ service: ProtoService, into text: inout SwiftText) {
        definitions(service, &text)
        let custom = catalogue.customMethods(of: service)
        if !custom.isEmpty { customProtocol(service, custom, &text) }
        client(service, &text)
    }

    // MARK: Definitions

    private func methodsType(_ service: ProtoService) -> String {
        service.fullName.lastNamePart + "Methods"
    }

    private func definitions(_ service: ProtoService, _ text: inout SwiftText) {
        text.gap()
        text.line("/// The methods of \(service.fullName).")
        text.block("public enum \(methodsType(service))") { text in
            text.line("public static let serviceName = \"\(service.fullName)\"")
            for method in service.methods {
                text.gap()
                text.comment(method.comment)
                text.list(
                    "public static let \(method.swiftName) = MethodDefinition(",
                    [
                        "path: \"\(service.fullName)/\(method.name)\"",
                        "request: \(descriptor(method.request))",
                        "response: \(descriptor(method.response))",
                        "kind: .\(kind(method))",
                    ], ")")
            }
            text.gap()
            text.line("/// In the order of the proto file.")
            text.list(
                "public static let all: [MethodDefinition] = [",
                service.methods.map { $0.swiftName }, "]")
            text.gap()
            text.line("/// As reflection tells it.")
            text.line("public static let description = ServiceDescription(")
            text.indented { text in
                text.line("name: serviceName, comment: \(literal(service.comment)),")
                text.line("methods: [")
                text.indented { text in
                    for method in service.methods {
                        text.line(
                            "MethodDescription(\(method.swiftName), comment: \(literal(method.comment))),"
                        )
                    }
                }
                text.line("])")
            }
        }
    }

    private func name(_ message: String) -> String {
        catalogue.swiftName(message, in: module)
    }

    /// The Swift types of standard messages have theirs from the definition of the method.
    private func descriptor(_ message: String) -> String {
        catalogue.standardType(of: message) == nil
            ? "\(name(message)).descriptor" : "MessageDescriptor(\(Names.cDescriptor(message))())"
    }

    private func kind(_ method: ProtoMethod) -> String {
        switch (method.clientStreams, method.serverStreams) {
        case (false, false): "unary"
        case (false, true): "serverStreaming"
        case (true, false): "clientStreaming"
        case (true, true): "bidirectional"
        }
    }

    private func literal(_ comment: [String]) -> String {
        let text = comment.joined(separator: " ")
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    // MARK: Server

    private func customProtocol(_ service: ProtoService, _ methods: [ProtoMethod], _ text: inout SwiftText) {
        let name = service.fullName.lastNamePart + "CustomMethods"
        let isAll = methods.count == service.methods.count
        text.gap()
        text.line(
            "/// \(isAll ? "All methods" : "The methods that are not standard") of \(service.fullName).")
        text.block("package protocol \(name): Sendable") { text in
            for method in methods {
                text.gap()
                text.comment(method.comment)
                text.line(
                    "func \(method.swiftName)(\(handlerParameters(method))) async throws\(handlerResult(method))"
                )
            }
        }
        text.gap()
        text.block("extension \(name)") { text in
            text.line("/// Offers the methods.")
            text.block("package func register(on router: inout Router)") { text in
                for method in methods {
                    text.line(
                        "router.serve(\(methodsType(service)).\(method.swiftName), \(method.swiftName))"
                    )
                }
            }
        }
    }

    private func handlerParameters(_ method: ProtoMethod) -> String {
        let (request, response) = (name(method.request), name(method.response))
        let requests = method.clientStreams ? "_ requests: RequestReader<\(request)>" : "_ request: \(request)"
        let responses = method.serverStreams ? "_ responses: ResponseWriter<\(response)>, " : ""
        return "\(requests), \(responses)_ context: CallContext"
    }

    private func handlerResult(_ method: ProtoMethod) -> String {
        method.serverStreams ? "" : " -> \(name(method.response))"
    }

    // MARK: Client

    private func client(_ service: ProtoService, _ text: inout SwiftText) {
        text.gap()
        text.comment(service.comment)
        text.block("public struct \(service.fullName.lastNamePart)Client: Sendable") { text in
            text.line("private let channel: any RPCChannel")
            text.gap()
            text.block("public init(channel: any RPCChannel)") { $0.line("self.channel = channel") }
            for method in service.methods { clientMethod(method, of: service, &text) }
        }
    }

    private func clientMethod(_ method: ProtoMethod, of service: ProtoService, _ text: inout SwiftText) {
        let (request, response) = (name(method.request), name(method.response))
        let definition = "\(methodsType(service)).\(method.swiftName)"
        let options = "options: CallOptions = CallOptions()"
        text.gap()
        text.comment(method.comment)
        if method.clientStreams {
            text.line("public func \(method.swiftName)(")
            text.indented { $0.line(options) }
            let (type, call) =
                method.serverStreams ? ("DuplexStream", "duplexStream") : ("RequestStream", "clientStream")
            text.block(") async throws(RPCError) -> \(type)<\(request), \(response)>") {
                $0.line("try await channel.\(call)(\(definition), options)")
            }
            return
        }
        let result = method.serverStreams ? "ResponseStream<\(response)>" : response
        let call = method.serverStreams ? "serverStream" : "call"
        text.line("public func \(method.swiftName)(")
        text.indented { $0.line("_ request: \(request), \(options)") }
        text.block(") async throws(RPCError) -> \(result)") {
            $0.line("try await channel.\(call)(\(definition), request, options)")
        }
    }
}
