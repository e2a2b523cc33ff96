import Contracts
import RPC
import Records
import Tenancy

/// Checks references to records of other services by asking those.
struct ReferenceClient: ReferenceChecker {
    /// Longest wait; the write that names the records waits with it.
    static let timeout: Duration = .seconds(3)

    let channels: [ServiceName: any RPCChannel]

    func check(
        _ references: [RecordReference], in service: ServiceName, for context: CallContext
    ) async throws -> [Bool] {
        guard let channel = channels[service] else {
            preconditionFailure("\(service) is no peer of this program; see Topology")
        }
        let request = CheckReferencesRequest(
            references: references.map { Reference(object: $0.object, id: $0.id.bytes) })
        do {
            let response = try await ReferenceServiceClient(channel: channel).checkReferences(
                request, options: CallOptions(inheriting: context, timeout: Self.timeout))
            guard response.states.count == references.count else {
                throw RPCError(
                    .internal, reason: "MALFORMED_RESPONSE", "\(service.rawValue) sent too few verdicts.")
            }
            return response.states.map { $0 == .ok }
        } catch let error as RPCError {
            throw RPCError.unavailable(
                "REFERENCE_CHECK_UNAVAILABLE",
                "\(Installation.current[service].purpose) cannot check a record that is named here, and nothing was stored; try again.",
                domain: "records", retryDelay: .seconds(1), cause: error)
        }
    }
}
