package import Wire

/// The methods that a server offers, filled at start.
package struct Router: Sendable {
    /// Code that serves a method. Runs in a task on the loop of the caller's connection.
    package enum Handler: Sendable {
        case unary(@Sendable (Message, CallContext) async throws -> Message)
        /// Answers with the bytes of the response: a write encodes it once, to be stored and sent.
        case unaryEncoded(@Sendable (Message, CallContext) async throws -> [UInt8])
        case serverStreaming(@Sendable (Message, MessageWriter, CallContext) async throws -> Void)
        case clientStreaming(@Sendable (MessageReader, CallContext) async throws -> Message)
        case bidirectional(@Sendable (MessageReader, MessageWriter, CallContext) async throws -> Void)
    }

    /// A method and the code that serves it.
    package final class Route: Sendable {
        package let method: MethodDefinition
        package let handler: Handler
        /// Place of the method in `Router.methods`: counters find theirs by it.
        package let number: Int
        // Of the method, here so that calls need not go and ask it.
        package let isUnary: Bool
        package let isOfProtocol: Bool
        package let isEndless: Bool

        init(method: MethodDefinition, handler: Handler, number: Int) {
            self.method = method
            self.handler = handler
            self.number = number
            isUnary = method.kind == .unary
            isOfProtocol = method.isOfProtocol
            isEndless = method.isEndless
        }

        /// The bytes of a unary method's response, for callers in the same process; nil for a method that streams.
        package func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8]? {
            switch handler {
            case .unary(let handler): WireCodec.encode(try await handler(request, context))
            case .unaryEncoded(let handler): try await handler(request, context)
            case .serverStreaming, .clientStreaming, .bidirectional: nil
            }
        }
    }

    private(set) var routes: [Route] = []

    package init() {}

    /// Serves a unary method.
    package mutating func unary(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (Message, CallContext) async throws -> Message
    ) {
        serve(method, by: .unary(handler))
    }

    /// Serves a server-streaming method; the stream ends when the handler returns.
    package mutating func serverStreaming(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (Message, MessageWriter, CallContext) async throws -> Void
    ) {
        serve(method, by: .serverStreaming(handler))
    }

    /// Serves a client-streaming method.
    package mutating func clientStreaming(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (MessageReader, CallContext) async throws -> Message
    ) {
        serve(method, by: .clientStreaming(handler))
    }

    /// Serves a method that streams both ways.
    package mutating func bidirectional(
        _ method: MethodDefinition,
        _ handler: @escaping @Sendable (MessageReader, MessageWriter, CallContext) async throws -> Void
    ) {
        serve(method, by: .bidirectional(handler))
    }

    /// The methods offered, in the order in which they were added.
    package var methods: [MethodDefinition] { routes.map(\.method) }

    /// Serves a method with a handler of its kind.
    package mutating func serve(_ method: MethodDefinition, by handler: Handler) {
        precondition(method.kind == handler.kind, "\(method.path) is \(method.kind), its handler is \(handler.kind)")
        precondition(!routes.contains { $0.method.path == method.path }, "\(method.path) is served twice")
        routes.append(Route(method: method, handler: handler, number: routes.count))
    }
}

extension Router.Handler {
    var kind: MethodDefinition.Kind {
        switch self {
        case .unary, .unaryEncoded: .unary
        case .serverStreaming: .serverStreaming
        case .clientStreaming: .clientStreaming
        case .bidirectional: .bidirectional
        }
    }
}
