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
    public var path: String { parts.path }
    /// Full name of the service.
    public var service: String { parts.service }
    /// Name of the method within the service.
    public var name: String { parts.name }
    /// Which side streams.
    public var kind: Kind { parts.kind }
    /// A repetition has no further effect, so a retry needs no request id.
    public var isIdempotent: Bool { parts.isIdempotent }
    /// A stream that goes on until the caller has enough: methods that begin with Watch. A server that drains ends them first.
    public var isEndless: Bool { parts.isEndless }
    /// A method of the protocol itself, package steward.rpc.v1: health, reflection, sessions. Anybody may call those, signed in or not,
    /// so that their requests are short and their calls do not last.
    package var isOfProtocol: Bool { parts.isOfProtocol }
    /// What a call costs in the budget of its workspace, in units: one unit is the work of reading one record. By the verb, from
    /// measurements of get, list and create; a method may charge more for what a single call asks for.
    public var cost: UInt32 { parts.cost }
    /// The request message.
    package var request: MessageDescriptor { parts.request }
    /// The response message.
    package var response: MessageDescriptor { parts.response }

    /// Every call copies its method: one reference to count instead of each part.
    private let parts: Parts

    private final class Parts: Sendable {
        let path: String
        let service: String
        let name: String
        let kind: Kind
        let isIdempotent: Bool
        let isEndless: Bool
        let isOfProtocol: Bool
        let cost: UInt32
        let request: MessageDescriptor
        let response: MessageDescriptor

        init(path: String, request: MessageDescriptor, response: MessageDescriptor, kind: Kind, isIdempotent: Bool?) {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            let name = String(path[slash...].drop { $0 == "/" })
            self.path = path
            service = String(path[..<slash])
            self.name = name
            self.kind = kind
            self.request = request
            self.response = response
            isOfProtocol = path.hasPrefix("steward.rpc.v1.")
            isEndless = kind != .unary && method(name, begins: "Watch")
            self.isIdempotent = isIdempotent ?? readingVerbs.contains { method(name, begins: $0) }
            cost = verbCosts.first { method(name, begins: $0.verb) }?.cost ?? defaultCost
        }
    }

    /// - Parameter isIdempotent: absent means by the verb: Get, BatchGet, List, Check, Watch, Search, Count,
    ///   Describe and Export only read.
    package init(
        path: String, request: MessageDescriptor, response: MessageDescriptor, kind: Kind,
        isIdempotent: Bool? = nil
    ) {
        parts = Parts(path: path, request: request, response: response, kind: kind, isIdempotent: isIdempotent)
    }

    /// A path names one method.
    public static func == (left: MethodDefinition, right: MethodDefinition) -> Bool {
        left.parts === right.parts || left.path == right.path && left.kind == right.kind
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(path)
    }

    private static let readingVerbs = [
        "Get", "BatchGet", "List", "Check", "Watch", "Search", "Count", "Describe", "Export",
    ]

    private static let verbCosts: [(verb: String, cost: UInt32)] = [
        ("BatchGet", 8), ("BatchCreate", 32), ("BatchUpdate", 32), ("BatchDelete", 32), ("BatchRestore", 32),
        ("Get", 1), ("Check", 1), ("Describe", 1),
    ]

    /// A page of 50 records, or a write with its ledger row.
    private static let defaultCost: UInt32 = 4

    /// A verb ends where the next capital letter begins: Get is the verb of GetAccount, not of Getaway.
    private static func method(_ name: String, begins verb: String) -> Bool {
        name.hasPrefix(verb) && name.dropFirst(verb.count).first?.isUppercase != false
    }
}
