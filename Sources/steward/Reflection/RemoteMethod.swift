import Contracts
import RPC
import StewardClient

/// Methods as a running server describes them.
enum RemoteMethod {
    /// The unary method with this path, where the package may be left out.
    static func unary(_ path: String, from steward: StewardConnection) async throws -> MethodDefinition {
        let (service, found) = try await RemoteCatalogue.load(from: steward).method(path)
        guard found.clientStreaming != true, found.serverStreaming != true else {
            throw UsageProblem("\(path) is a stream", cure: "use the client library for streams")
        }
        let schema = try await RemoteSchema.load(service.name ?? "", from: steward)
        guard let request = found.requestType.flatMap({ schema.messages[$0] }),
            let response = found.responseType.flatMap({ schema.messages[$0] })
        else { throw UsageProblem("the server does not describe the messages of \(path)", cure: "update the server") }
        return MethodDefinition(
            path: "\(service.name ?? "")/\(found.name ?? "")", request: request, response: response, kind: .unary)
    }
}
