import Contracts
import RPC
import StewardClient

/// Methods as a running server describes them.
enum RemoteMethod {
    /// The method with this path, where the package may be left out.
    static func find(_ path: String, from steward: StewardConnection) async throws -> MethodDefinition {
        let (service, found) = try await RemoteCatalogue.load(from: steward).method(path)
        let schema = try await RemoteSchema.load(service.name ?? "", from: steward)
        guard let request = found.requestType.flatMap({ schema.messages[$0] }),
            let response = found.responseType.flatMap({ schema.messages[$0] })
        else { throw UsageProblem("the server does not describe the messages of \(path)", cure: "update the server") }
        return MethodDefinition(
            path: "\(service.name ?? "")/\(found.name ?? "")", request: request, response: response,
            kind: .init(sendsMany: found.clientStreaming ?? false, getsMany: found.serverStreaming ?? false))
    }

    /// The same, for what works with unary methods only.
    static func unary(_ path: String, from steward: StewardConnection) async throws -> MethodDefinition {
        let method = try await find(path, from: steward)
        guard method.kind == .unary else {
            throw UsageProblem("\(path) is a stream", cure: "use a method with one request and one answer")
        }
        return method
    }
}

extension MethodDefinition.Kind {
    init(sendsMany: Bool, getsMany: Bool) {
        switch (sendsMany, getsMany) {
        case (false, false): self = .unary
        case (false, true): self = .serverStreaming
        case (true, false): self = .clientStreaming
        case (true, true): self = .bidirectional
        }
    }

    var hasManyRequests: Bool { self == .clientStreaming || self == .bidirectional }
    var hasManyAnswers: Bool { self == .serverStreaming || self == .bidirectional }
}
