package import Tenancy

/// Which program calls which, and what it may call there. Everything that is not written here is refused.
package enum Topology {
    /// The programs that each program calls, and so has addresses of in its settings under `peers`.
    package static func peers(of program: ServiceName) -> [ServiceName] { Installation.current[program].calls }

    /// The programs that may connect to a program: those that call it.
    package static func callers(of program: ServiceName) -> Set<ServiceName> {
        Installation.current.callers(of: program)
    }

    /// Programs that keep data of tenants, and so have a database and can verify a caller.
    package static func keepsTenantData(_ program: ServiceName) -> Bool { ServiceName.dataServices.contains(program) }

    /// Programs that the gateway passes calls of thin clients on to: those that offer services by their name.
    package static let facingClients = peers(of: .gateway)

    /// Programs that get policies from identity. Identity has them at the source; the gateway decides nothing.
    package static func subscribesToPolicies(_ program: ServiceName) -> Bool { recordServices.contains(program) }

    private static let recordServices = Set(Installation.current.recordServices)

    /// Who may call a service, by its full name; empty for a service that is not known here.
    package static func callers(ofService service: String) -> Set<ServiceName> {
        if let known = platformServices[service] { return known }
        if isOfProtocol(service) { return Set(ServiceName.allCases) }
        return Installation.current.program(offering: service).map(facingClients.contains) == true ? [.gateway] : []
    }

    /// A service of the protocol itself, by its full name.
    static func isOfProtocol(_ service: String) -> Bool { service.hasPrefix("steward.rpc.v1.") }

    /// Where the messages between programs are: nothing that clients know of uses them.
    static let platformPackage = "steward.platform.v1"

    /// Services between programs; no thin client reaches them.
    package static let platformServices: [String: Set<ServiceName>] = [
        "steward.platform.v1.CallerService": [.gateway],
        "steward.platform.v1.ChoiceUseService": [.identity],
        "steward.platform.v1.FieldKindService": [.identity],
        "steward.platform.v1.HandoverService": [.identity],
        "steward.platform.v1.MirrorService": recordServices,
        "steward.platform.v1.ModelUseService": [.identity],
        "steward.platform.v1.PolicyService": recordServices,
        "steward.platform.v1.ProgramService": recordServices,
        "steward.platform.v1.ProvisioningService": [.identity],
        "steward.platform.v1.ReferenceService": recordServices,
        "steward.platform.v1.RollUpService": recordServices,
        "steward.platform.v1.UniqueFieldService": [.identity],
    ]
}
