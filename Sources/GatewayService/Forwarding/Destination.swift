import RPC
import ServiceHost
import Tenancy

/// Where a call goes, and what the gateway must know of it beforehand.
struct Destination: Sendable, Hashable {
    let service: ServiceName
    /// False for the methods that open a session.
    let needsSession: Bool
    /// Units that the call costs at least.
    let cost: UInt32
}

/// The destinations, by the name of the method. Only the packages that thin clients may call are listed: what programs offer each other
/// (steward.platform) cannot be reached through the gateway.
struct DestinationTable: Sendable {
    /// The methods that clients may call there.
    let methods: [MethodDefinition]
    private let known: PathTable<Destination>

    /// - Parameter methods: all that there are.
    init(_ methods: [MethodDefinition]) {
        let offered = methods.compactMap { method in
            Array(method.path.utf8).withUnsafeBytes { Self.service(ofMethod: $0) }.map { (method, service: $0) }
        }
        self.methods = offered.map(\.0)
        known = PathTable(
            offered.map { method, service in
                let needsSession = !Self.open.contains(method.path)
                return (method.path, Destination(service: service, needsSession: needsSession, cost: method.cost))
            })
    }

    private static let packages = Topology.facingClients.flatMap { service in
        Installation.current[service].packages.map { (prefix: Array($0.utf8), service: service) }
    }

    /// The methods that open a session and so cannot need one.
    private static let open: Set<String> = [
        "steward.identity.v1.AuthenticationService/SignIn",
        "steward.identity.v1.AuthenticationService/SignInOperator",
        "steward.identity.v1.AuthenticationService/RefreshSession",
    ]

    /// What a method costs that is newer than this gateway.
    private static let costOfUnknown: UInt32 = 4

    /// Finds it by the name of the method; nil for one that no program offers to clients.
    func find(_ path: UnsafeRawBufferPointer) -> Destination? {
        if let known = known.find(path) { return known }
        return Self.service(ofMethod: path).map {
            Destination(service: $0, needsSession: true, cost: Self.costOfUnknown)
        }
    }

    private static func service(ofMethod path: UnsafeRawBufferPointer) -> ServiceName? {
        packages.first { path.starts(with: $0.prefix) }?.service
    }
}
