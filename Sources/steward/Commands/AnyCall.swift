import RPC
import Synchronization
import Wire

/// A call of a method that is known by its descriptors only, with requests in JSON.
struct AnyCall: Sendable {
    let channel: any RPCChannel
    let method: MethodDefinition
    let options: CallOptions
    /// Gets each answer as it comes.
    let show: @Sendable (Message) -> Void

    /// Returns when the call has ended well.
    func run(_ requests: RequestSource) async throws {
        guard method.kind != .unary else {
            let request = try await requests.next() ?? "{}"
            return show(try decode(try await channel.unary(method, encode(request), options)))
        }
        let call = try await channel.open(method, options)
        // A problem with a request ends the call; it is the problem, not the end, that the user must hear of.
        let problem = Mutex<(any Error)?>(nil)
        let sending = Task {
            do {
                try await send(requests, on: call)
            } catch {
                problem.withLock { $0 = error }
                call.cancel()
            }
        }
        do {
            while let answer = try await call.next() { show(try decode(answer)) }
        } catch {
            throw problem.withLock { $0 } ?? error
        }
        // The server has ended the call; requests that it does not want any more are not waited for.
        sending.cancel()
    }

    private func send(_ requests: RequestSource, on call: any ClientCall) async throws {
        while let request = try await requests.next() {
            try await call.send(encode(request))
        }
        try await call.finish()
    }

    private func encode(_ json: String) throws -> [UInt8] {
        let message = Message.make(method.request, in: Arena())
        try MessageFill.fill(message, from: try JSONValue(text: json))
        try message.checkTexts()
        return WireCodec.encode(message)
    }

    private func decode(_ bytes: [UInt8]) throws -> Message {
        try bytes.withUnsafeBytes { try WireCodec.decode($0, as: method.response, arena: Arena()) }
    }
}
