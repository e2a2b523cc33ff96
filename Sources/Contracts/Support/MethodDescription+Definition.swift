package import RPC
import Wire

extension MethodDescription {
    /// What reflection tells of a method.
    package init(_ method: MethodDefinition, comment: String) {
        self.init(
            name: method.name, comment: comment, requestType: method.request.name,
            responseType: method.response.name,
            clientStreaming: method.kind == .clientStreaming || method.kind == .bidirectional,
            serverStreaming: method.kind == .serverStreaming || method.kind == .bidirectional)
    }
}
