import RPC
import Reactor
import Synchronization
import Wire

/// A server-streaming call of a `LocalChannel`. Its caller takes responses one by one: with one that waits for him the writer waits, too.
final class LocalCall: ClientCall {
    private struct State {
        var response: [UInt8]?
        var end: Result<Void, RPCError>?
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let route: Router.Route
    private let context: CallContext
    private let state = Mutex(State())

    init(_ route: Router.Route, _ context: CallContext) { (self.route, self.context) = (route, context) }

    func send(_ message: [UInt8]) async throws(RPCError) {
        guard case .serverStreaming(let handler) = route.handler, let loop = EventLoop.current else {
            throw RPCError.unimplemented("KIND", route.method.path)
        }
        loop.spawn { [self] in
            do {
                let request = try message.withUnsafeBytes {
                    try WireCodec.decode($0, as: route.method.request, arena: context.arena)
                }
                try await handler(request, MessageWriter(self, arena: Arena()), context)
                end(.success(()))
            } catch {
                end(.failure(RPCError(masking: error)))
            }
        }
    }

    func finish() async throws(RPCError) {}

    func next() async throws(RPCError) -> [UInt8]? {
        while true {
            let (response, end, writer) = state.withLock { state in
                (state.response.take(), state.end, state.writer.take())
            }
            writer?.resume()
            if let response { return response }
            if let end {
                try end.get()
                return nil
            }
            await wait(\.reader) { $0.response != nil || $0.end != nil }
        }
    }

    func cancel() {
        end(.failure(.cancelled()))
        guard let loop = EventLoop.current else { return }
        loop.execute { self.context.cancel() }
    }

    private func end(_ result: Result<Void, RPCError>) {
        let waiting = state.withLock { state in
            state.end = state.end ?? result
            return [state.reader.take(), state.writer.take()]
        }
        for continuation in waiting { continuation?.resume() }
    }

    private func wait(
        _ place: WritableKeyPath<State, CheckedContinuation<Void, Never>?>,
        unless isReady: (State) -> Bool
    ) async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if !isReady(state) { state[keyPath: place] = continuation }
                return isReady(state)
            }
            if goesOn { continuation.resume() }
        }
    }
}

extension LocalCall: MessageSink {
    func write(_ message: Message) async throws { try await write(encoded: WireCodec.encode(message), until: .never) }

    func write(encoded message: [UInt8], until deadline: Deadline) async throws {
        let loop = deadline == .never ? nil : EventLoop.current
        let timer = loop?.schedule(at: deadline.nanoseconds) { self.end(.failure(.answerNotTaken())) }
        defer { timer?.cancel() }
        while true {
            await wait(\.writer) { $0.response == nil || $0.end != nil }
            let (isTaken, end, reader) = state.withLock { state in
                guard state.end == nil, state.response == nil else { return (false, state.end, state.reader.take()) }
                state.response = message
                return (true, nil, state.reader.take())
            }
            reader?.resume()
            if isTaken { return }
            if let end { return try end.get() }
        }
    }
}
