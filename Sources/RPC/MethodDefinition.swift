package import Wire

/// A method of a service, as the generated code declares it.
public struct MethodDefinition: Sendable, Hashable {
    /// Which side sends more than one message.
    public enum Kind: Sendable, Hashable {
        /// One request, one response.
        case unary
        /// One request, any number of responses.
        case serverStreaming
        /// Any number of requests, one response.
        case clientStreaming
        /// Any number of each.
        case bidirectional
    }

    /// Package, service and method, as in steward.customer.v1.AccountService/GetAccount.
    public let path: String
    /// Full name of the service.
    public let service: String
    /// Name of the method within the service.
    public let name: String
    /// Which side streams.
    public let kind: Kind
    /// A repetition has no further effect, so a retry needs no request id.
    public let isIdempotent: Bool
    /// A stream that goes on until the caller has enough: methods that begin with Watch. A server that drains ends them first.
    public let isEndless: Bool
    /// The request message.
    package let request: MessageDescriptor
    /// The response message.
    package let response: MessageDescriptor

    /// - Parameter isIdempotent: absent means by the verb: Get, BatchGet, List, Check, Watch, Search, Count and
    ///   Describe only read.
    package init(
        path: String, request: MessageDescriptor, response: MessageDescriptor, kind: Kind,
        isIdempotent: Bool? = nil
    ) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        self.path = path
        service = String(path[..<slash])
        name = String(path[slash...].drop { $0 == "/" })
        self.kind = kind
        self.request = request
        self.response = response
        let method = name
        isEndless = kind != .unary && Self.method(name, begins: "Watch")
        self.isIdempotent =
            isIdempotent ?? Self.readingVerbs.contains { Self.method(method, begins: $0) }
    }

    private static let readingVerbs = [
        "Get", "BatchGet", "List", "Check", "Watch", "Search", "Count", "Describe",
    ]

    /// A verb ends where the next capital letter begins: Get is the verb of GetAccount, not of Getaway.
    private static func method(_ name: String, begins verb: String) -> Bool {
        name.hasPrefix(verb) && name.dropFirst(verb.count).first?.isUppercase != false
    }
}
