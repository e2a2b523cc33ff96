import Contracts
import RPC
import StewardClient
import Wire

/// Finds services and methods in what a running server says of itself.
struct RemoteCatalogue {
    let services: [ServiceDescription]

    static func load(from connection: StewardConnection) async throws -> RemoteCatalogue {
        RemoteCatalogue(services: try await connection.reflection.listServices(ListServicesRequest()).services)
    }

    /// A service by its full name or the end of it.
    func service(_ name: String) throws -> ServiceDescription {
        let found = services.filter { $0.name == name || $0.name?.hasSuffix("." + name) == true }
        guard let service = found.first, found.count == 1 else {
            throw UsageProblem("\(name) is not the name of one service", cure: "steward describe lists them")
        }
        return service
    }

    /// A method by Service/Method, where the package may be left out.
    func method(_ path: String) throws -> (service: ServiceDescription, method: MethodDescription) {
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw UsageProblem("\(path) is no method", cure: "write it as AccountService/GetAccount")
        }
        let service = try service(parts[0])
        guard let method = service.methods.first(where: { $0.name == parts[1] }) else {
            throw UsageProblem("\(parts[0]) has no method \(parts[1])", cure: "steward describe \(parts[0])")
        }
        return (service, method)
    }
}
