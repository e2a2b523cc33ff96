import Contracts
import RPC
import ServiceHost
import Tenancy

/// Where a call goes, and what the gateway must know of it beforehand. Only the packages that thin clients may call are listed: what
/// programs offer each other (steward.platform) cannot be reached through the gateway.
struct Destination: Sendable, Hashable {
    let service: ServiceName
    /// False for the methods that open a session.
    let needsSession: Bool
    /// Units that the call costs at least.
    let cost: UInt32

    private static let packages = Topology.facingClients.map { service in
        (prefix: Array(Topology.package(of: service).utf8), service: service)
    }

    /// The methods that clients may call there.
    static let methods = ServiceCatalogue.methods.filter { method in
        Array(method.path.utf8).withUnsafeBytes { service(ofMethod: $0) != nil }
    }

    /// The methods that open a session and so cannot need one.
    private static let open: Set<String> = [
        "steward.identity.v1.AuthenticationService/SignIn",
        "steward.identity.v1.AuthenticationService/SignInOperator",
        "steward.identity.v1.AuthenticationService/RefreshSession",
    ]

    /// What a method costs that is newer than this gateway.
    private static let costOfUnknown: UInt32 = 4

    private static let known = PathTable(
        ServiceCatalogue.methods.compactMap { method -> (path: String, value: Destination)? in
            let path = Array(method.path.utf8)
            guard let service = path.withUnsafeBytes({ service(ofMethod: $0) }) else { return nil }
            return (
                method.path,
                Destination(service: service, needsSession: !open.contains(method.path), cost: method.cost)
            )
        })

    /// Finds it by the name of the method; nil for one that no program offers to clients.
    static func find(_ path: UnsafeRawBufferPointer) -> Destination? {
        if let known = known.find(path) { return known }
        return service(ofMethod: path).map { Destination(service: $0, needsSession: true, cost: costOfUnknown) }
    }

    private static func service(ofMethod path: UnsafeRawBufferPointer) -> ServiceName? {
        packages.first { path.starts(with: $0.prefix) }?.service
    }
}
