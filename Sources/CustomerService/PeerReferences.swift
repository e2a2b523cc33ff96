import RPC
import Records
import ServiceHost
import Tenancy

/// Checks references to records of other services by asking those.
struct PeerReferences: ReferenceChecker {
    let client: ReferenceClient

    func check(
        _ references: [RecordReference], in service: ServiceName, for context: CallContext
    ) async throws -> [Bool] {
        try await client.check(references.map { (object: $0.object, id: $0.id) }, in: service, for: context)
    }
}
