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

    /// Whether it is the name of one service.
    func has(_ name: String) -> Bool { (try? service(name)) != nil }

    /// Short names of the services.
    var shortNames: [String] { services.map { Self.shortName($0.name ?? "") } }

    /// A service by its full name or the end of it.
    func service(_ name: String) throws -> ServiceDescription {
        let found = services.filter { $0.name == name || $0.name?.hasSuffix("." + name) == true }
        guard let service = found.first, found.count == 1 else {
            let near = NearNames.of(Self.shortName(name), among: shortNames)
            throw UsageProblem(
                "\(name) is not the name of one service",
                cure: NearNames.cure(near, else: "steward describe lists them"))
        }
        return service
    }

    /// A method by Service/Method, where the package may be left out.
    func method(_ path: String) throws -> (service: ServiceDescription, method: MethodDescription) {
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            let near = NearNames.of(path, among: services.flatMap(\.methods).compactMap(\.name)).flatMap(paths)
            throw UsageProblem(
                "\(path) is no method", cure: NearNames.cure(near, else: "write it as AccountService/GetAccount"))
        }
        let service = try service(parts[0])
        guard let method = service.methods.first(where: { $0.name == parts[1] }) else {
            let near = NearNames.of(parts[1], among: service.methods.compactMap(\.name)).map { "\(parts[0])/\($0)" }
            throw UsageProblem(
                "\(parts[0]) has no method \(parts[1])",
                cure: NearNames.cure(near.isEmpty ? paths(parts[1]) : near, else: "steward describe \(parts[0])"))
        }
        return (service, method)
    }

    /// Service/Method for each method of this name.
    private func paths(_ method: String) -> [String] {
        services.filter { $0.methods.contains { $0.name == method } }.map {
            "\(Self.shortName($0.name ?? ""))/\(method)"
        }
    }

    static func shortName(_ name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? name
    }
}
