import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy

/// Asks the services that keep records how many there are of objects, and with values in fields, that are about to go: in the name of who asked for it.
struct ModelUseClient: Sendable {
    /// Longest wait for an answer: rows are counted to a bound.
    private static let timeout = Duration.seconds(8)

    let services: RecordServices
    let catalogue: RoleCatalogue

    struct Object {
        let id: RecordID
        let name: String
        let number: Int64

        init(_ row: Row) throws { (id, name, number) = (try row.id(0), try row.string(1), try row.int64(2)) }
    }

    struct Field {
        let object: String
        let name: String
        let number: Int64

        init(_ row: Row) throws { (object, name, number) = (try row.string(0), try row.string(1), try row.int64(2)) }
    }

    /// Those that have records or values, with how many.
    ///
    /// - Throws: UNAVAILABLE when a service cannot be asked.
    func uses(
        of objects: [Object], _ fields: [Field], _ context: CallContext
    ) async throws -> [(name: String, count: Int64)] {
        let kept = Dictionary(grouping: objects) { catalogue.service(of: TenantObject.prefix + $0.name) }
        let held = Dictionary(grouping: fields) { catalogue.service(of: $0.object) }
        var uses: [(name: String, count: Int64)] = []
        for service in Set(kept.keys).union(held.keys) {
            let (objects, fields) = (kept[service] ?? [], held[service] ?? [])
            guard let service else { throw IdentityError.modelNotCounted }
            let request = CountModelUsesRequest(
                objectNumbers: objects.map(\.number),
                fields: fields.map { CountedField(object: $0.object, number: $0.number) })
            let answer = try await count(request, service, context)
            guard answer.objectCounts.count == objects.count, answer.fieldCounts.count == fields.count else {
                throw IdentityError.modelNotCounted
            }
            uses += zip(objects.map { TenantObject.prefix + $0.name }, answer.objectCounts).map { ($0, $1) }
            uses += zip(fields.map { "\($0.object).\(TenantField.prefix)\($0.name)" }, answer.fieldCounts).map {
                ($0, $1)
            }
        }
        return uses.filter { $0.count > 0 }.sorted { $0.name < $1.name }
    }

    private func count(
        _ request: CountModelUsesRequest, _ service: ServiceName, _ context: CallContext
    ) async throws -> CountModelUsesResponse {
        let actor = try context.requireTenantActor()
        guard let user = actor.userID else { throw IdentityError.modelNotCounted }
        let options = CallOptions(inheriting: context, timeout: Self.timeout)
        let way = try await services.way(to: service, .defineFields, for: user, in: actor.tenantID, options)
        guard let way else { throw IdentityError.modelNotCounted }
        return try await ModelUseServiceClient(channel: way.channel).countModelUses(request, options: way.options)
    }
}
