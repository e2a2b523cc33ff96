import Contracts
import RPC
import Tenancy

/// The services that every program has: health, reflection and what the server tells of itself.
struct BuiltinServices {
    let program: ServiceName
    /// What reflection tells of.
    let contracts: ContractCatalogue

    static func makeHealth() -> HealthReporter {
        HealthReporter(check: HealthServiceMethods.checkHealth, watch: HealthServiceMethods.watchHealth)
    }

    /// The methods of a program, those that every program has among them.
    static func methods(of router: Router) -> [MethodDefinition] {
        router.methods + HealthServiceMethods.all + ReflectionServiceMethods.all + ServerServiceMethods.all
    }

    /// Adds all, in the order of `methods(of:)`. A gateway tells of what it forwards too; nobody tells of the services between programs.
    func register(_ health: HealthReporter, _ server: ServerService, on router: inout Router) {
        let own = Set(BuiltinServices.methods(of: router).map(\.service))
        health.register(on: &router)
        let services = contracts.services.filter { service in
            let name = service.name ?? ""
            if Topology.platformServices[name] != nil { return false }
            return program == .gateway || own.contains(name)
        }
        ReflectionHandlers.register(
            list: ReflectionServiceMethods.listServices, descriptors: ReflectionServiceMethods.getDescriptors,
            services: services.map(reflected), descriptorSets: descriptorSets(), on: &router)
        server.register(on: &router)
    }

    private func reflected(_ service: ServiceDescription) -> ReflectedService {
        let definitions = contracts.methods.filter { $0.service == service.name }
        let comments = Dictionary(service.methods.map { ($0.name ?? "", $0.comment ?? "") }) { first, _ in
            first
        }
        return ReflectedService(
            name: service.name ?? "", comment: service.comment ?? "",
            methods: definitions.map { .init(definition: $0, comment: comments[$0.name] ?? "") })
    }

    /// The files of each package that clients know of, a megabyte.
    private func descriptorSets() -> [String: [UInt8]] {
        Dictionary(
            uniqueKeysWithValues: contracts.packages.filter { $0 != Topology.platformPackage }.compactMap { package in
                contracts.descriptorSet(of: package).map { (package, $0) }
            })
    }
}
