/// The Swift module of each proto file: one for each service, and one for what all services share.
struct ModuleTable {
    /// Holds what all share, and the hand-written support of generated code.
    static let shared = "Contracts"

    /// The packages that all services share, as in steward.type.v1. Of any other package, steward.NAME.v1, is the module NameContracts.
    private static let sharedParts: Set<Substring> = ["catalogue", "platform", "rpc", "type"]

    /// Packages of a service beside the one of its own name: whose module they are in.
    private static let hosts: [Substring: String] = ["records": "customer"]

    private let modules: [String: String]

    /// A file that a shared one imports is shared, whatever its package.
    init(_ files: [ProtoFile]) {
        var modules = Dictionary(
            files.map { ($0.path, ModuleTable.module(ofPackage: $0.package)) }, uniquingKeysWith: { first, _ in first })
        for file in files.reversed() where modules[file.path] == ModuleTable.shared {
            for dependency in file.dependencies { modules[dependency] = ModuleTable.shared }
        }
        self.modules = modules
    }

    func module(of file: ProtoFile) -> String {
        modules[file.path] ?? ModuleTable.shared
    }

    /// The C that the values of a file are read from. The envelope's has a module of its own, for RPC.
    func cModule(of file: ProtoFile) -> String {
        file.package == "steward.rpc.v1" ? "CEnvelope" : "C" + module(of: file)
    }

    /// The member of ContractCatalogue that tells of a module: shared, or as in customer.
    static func member(_ module: String) -> String {
        module == shared ? "shared" : Names.method(String(module.dropLast(shared.count)))
    }

    private static func module(ofPackage package: String) -> String {
        let parts = package.split(separator: ".")
        guard parts.first == "steward", parts.count == 3, !sharedParts.contains(parts[1]) else { return shared }
        return Names.upperCamel(hosts[parts[1]] ?? String(parts[1])) + shared
    }
}
