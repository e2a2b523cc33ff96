package import RPC
package import Wire

/// Serving methods with the values of the contracts instead of bare messages.
extension Router {
    package mutating func serve<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        check(method, Request.self, Response.self)
        unary(method) { request, context in
            try await handler(Request(request), context).message(in: context.arena)
        }
    }

    /// The stream ends when the handler returns.
    package mutating func serve<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void
    ) {
        check(method, Request.self, Response.self)
        serverStreaming(method) { request, writer, context in
            try await handler(Request(request), ResponseWriter(writer), context)
        }
    }

    package mutating func serve<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (RequestReader<Request>, CallContext) async throws -> Response
    ) {
        check(method, Request.self, Response.self)
        clientStreaming(method) { reader, context in
            try await handler(RequestReader(reader), context).message(in: context.arena)
        }
    }

    /// Reads and writes at the same time if it likes; the stream ends when the handler returns.
    package mutating func serve<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition,
        _ handler:
            @escaping @Sendable (RequestReader<Request>, ResponseWriter<Response>, CallContext) async throws -> Void
    ) {
        check(method, Request.self, Response.self)
        bidirectional(method) { reader, writer, context in
            try await handler(RequestReader(reader), ResponseWriter(writer), context)
        }
    }

    private func check<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _: Request.Type, _: Response.Type
    ) {
        precondition(
            method.request == Request.descriptor && method.response == Response.descriptor,
            "\(method.path) takes \(method.request) and gives \(method.response)")
    }
}
