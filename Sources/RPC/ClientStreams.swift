package import Wire

/// The responses of a server-streaming call: `for try await response in stream`. To be read by one task; letting go of the
/// stream cancels the call.
public struct ResponseStream<Response: Sendable>: AsyncSequence, AsyncIteratorProtocol, Sendable {
    private let call: OwnedCall
    private let decode: @Sendable ([UInt8]) throws(RPCError) -> Response

    package init(_ call: any ClientCall) where Response: WireMessage {
        self.call = OwnedCall(call)
        decode = { bytes throws(RPCError) in try decodeAnswer(bytes) }
    }

    /// The next response, nil when the call ended well. Throws what ended it otherwise.
    public func next() async throws(RPCError) -> Response? {
        let bytes = try await call.whileWanted { call throws(RPCError) in try await call.next() }
        guard let bytes else { return nil }
        return try decode(bytes)
    }

    public func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Response? { try await next() }

    /// Gives the call up.
    public func cancel() { call.base.cancel() }

    public func makeAsyncIterator() -> Self { self }
}

/// A client-streaming call: send any number of requests, then ask for the response.
public struct RequestStream<Request: Sendable, Response: Sendable>: Sendable {
    private let call: OwnedCall
    private let encode: @Sendable (Request) throws(RPCError) -> [UInt8]
    private let decode: @Sendable ([UInt8]) throws(RPCError) -> Response

    package init(_ call: any ClientCall) where Request: WireMessage, Response: WireMessage {
        self.call = OwnedCall(call)
        encode = { request throws(RPCError) in try encodeRequest(request) }
        decode = { bytes throws(RPCError) in try decodeAnswer(bytes) }
    }

    /// Sends a request, waiting while the server is not ready for more.
    public func send(_ request: Request) async throws(RPCError) {
        try await call.base.send(try encode(request))
    }

    /// Says that there are no more requests and waits for the response.
    public func finish() async throws(RPCError) -> Response {
        let answer = try await call.whileWanted { call throws(RPCError) in
            try await call.finish()
            // An empty message may be left out.
            let answer = try await call.next() ?? []
            while try await call.next() != nil {}
            return answer
        }
        return try decode(answer)
    }

    /// Gives the call up.
    public func cancel() { call.base.cancel() }
}

/// A call that streams both ways. Sending and receiving may go on at the same time, each in one task; the two are independent
/// except that the server's end of the call ends both.
public struct DuplexStream<Request: Sendable, Response: Sendable>: AsyncSequence, AsyncIteratorProtocol, Sendable {
    private let call: OwnedCall
    private let encode: @Sendable (Request) throws(RPCError) -> [UInt8]
    private let decode: @Sendable ([UInt8]) throws(RPCError) -> Response

    package init(_ call: any ClientCall) where Request: WireMessage, Response: WireMessage {
        self.call = OwnedCall(call)
        encode = { request throws(RPCError) in try encodeRequest(request) }
        decode = { bytes throws(RPCError) in try decodeAnswer(bytes) }
    }

    /// Sends a request, waiting while the server is not ready for more.
    public func send(_ request: Request) async throws(RPCError) {
        try await call.base.send(try encode(request))
    }

    /// Says that there are no more requests. Responses may still come.
    public func finish() async throws(RPCError) {
        try await call.base.finish()
    }

    /// The next response, nil when the call ended well. Throws what ended it otherwise.
    public func next() async throws(RPCError) -> Response? {
        let bytes = try await call.whileWanted { call throws(RPCError) in try await call.next() }
        guard let bytes else { return nil }
        return try decode(bytes)
    }

    public func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Response? { try await next() }

    /// Gives the call up.
    public func cancel() { call.base.cancel() }

    public func makeAsyncIterator() -> Self { self }
}

/// Cancels the call when nobody holds it any more; a call that has ended does not mind.
private final class OwnedCall: Sendable {
    let base: any ClientCall

    init(_ base: any ClientCall) {
        self.base = base
    }

    deinit { base.cancel() }

    /// Cancels the call when the task is cancelled meanwhile.
    func whileWanted<Value: Sendable>(
        _ body: (any ClientCall) async throws(RPCError) -> Value
    ) async throws(RPCError) -> Value {
        let base = base
        let result: Result<Value, RPCError> = await withTaskCancellationHandler {
            do throws(RPCError) {
                return .success(try await body(base))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            base.cancel()
        }
        return try result.get()
    }
}

/// What the generated clients call.
extension RPCChannel {
    /// A unary call with typed messages.
    package func call<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _ request: Request, _ options: CallOptions,
        as _: Response.Type = Response.self
    ) async throws(RPCError) -> Response {
        try decodeAnswer(try await unary(method, encodeRequest(request), options))
    }

    /// A server-streaming call with typed messages.
    package func serverStream<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _ request: Request, _ options: CallOptions,
        as _: Response.Type = Response.self
    ) async throws(RPCError) -> ResponseStream<Response> {
        let bytes = try encodeRequest(request)
        let call = try await open(method, options)
        try await call.send(bytes)
        try await call.finish()
        return ResponseStream(call)
    }

    /// A client-streaming call with typed messages.
    package func clientStream<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _ options: CallOptions, sending _: Request.Type = Request.self,
        as _: Response.Type = Response.self
    ) async throws(RPCError) -> RequestStream<Request, Response> {
        RequestStream(try await open(method, options))
    }

    /// A call that streams both ways with typed messages.
    package func duplexStream<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDefinition, _ options: CallOptions, sending _: Request.Type = Request.self,
        as _: Response.Type = Response.self
    ) async throws(RPCError) -> DuplexStream<Request, Response> {
        DuplexStream(try await open(method, options))
    }
}

/// Before anything is sent: what cannot be sent as it is ends the call here.
private func encodeRequest<Request: WireMessage>(_ request: Request) throws(RPCError) -> [UInt8] {
    do throws(WireError) {
        return try request.encodedChecked()
    } catch {
        throw .requestMalformed(error, Request.descriptor)
    }
}

private func decodeAnswer<Response: WireMessage>(_ bytes: [UInt8]) throws(RPCError) -> Response {
    do {
        return try Response(decoding: bytes)
    } catch {
        throw RPCError(
            .internal, reason: "MALFORMED_RESPONSE",
            "The server's response is not a \(Response.descriptor.name).",
            cause: error)
    }
}
