import Contracts
import StewardClient
import Wire

/// The messages and enums of all services of a running server.
struct RemoteTypes {
    enum Found {
        case message(MessageDescriptor, RemoteSchema)
        case enumeration(RuntimeDescriptors.EnumShape, RemoteSchema)
    }

    let schemas: [RemoteSchema]

    static func load(_ catalogue: RemoteCatalogue, from connection: StewardConnection) async throws -> RemoteTypes {
        var schemas: [RemoteSchema] = []
        for service in catalogue.services {
            schemas.append(try await RemoteSchema.load(service.name ?? "", from: connection))
        }
        return RemoteTypes(schemas: schemas)
    }

    /// A type by its full name or the end of it, in either case when only one is called so. Throws with the names that may be
    /// meant, services among them.
    func find(_ name: String, besides catalogue: RemoteCatalogue) throws -> Found {
        var found: [String: Found] = [:]
        for schema in schemas {
            for type in schema.messages.values { found[type.name] = .message(type, schema) }
            for type in schema.enums.values { found[type.name] = .enumeration(type, schema) }
        }
        let exact = found.keys.filter { $0 == name || $0.hasSuffix("." + name) }
        let wanted = name.lowercased()
        let names =
            exact.isEmpty
            ? found.keys.filter { RemoteCatalogue.shortName($0).lowercased() == wanted } : Array(exact)
        if names.count == 1, let type = found[names[0]] { return type }
        guard names.isEmpty else {
            throw UsageProblem(
                "several types are called \(name)", cure: "use one of: \(names.sorted().joined(separator: ", "))")
        }
        let near = NearNames.of(name, among: found.keys.map(RemoteCatalogue.shortName) + catalogue.shortNames)
        throw UsageProblem(
            "\(name) is no service, message or enum",
            cure: NearNames.cure(near, else: "steward describe lists the services; their methods name the messages"))
    }
}
