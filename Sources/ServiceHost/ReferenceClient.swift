import Contracts
package import RPC
package import Tenancy

/// Asks other services whether records of theirs exist, live and may be read by the caller.
package struct ReferenceClient: Sendable {
    /// Longest wait; the write that names the records waits with it.
    static let timeout: Duration = .seconds(3)

    private let channels: [ServiceName: any RPCChannel]

    package init(channels: [ServiceName: any RPCChannel]) { self.channels = channels }

    /// One verdict for each record, in order. Throws UNAVAILABLE with REFERENCE_CHECK_UNAVAILABLE when the service
    /// does not answer: the write is refused then, and nothing is stored.
    package func check(
        _ references: [(object: String, id: RecordID)], in service: ServiceName, for context: CallContext
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
                "\(service.usersWords) cannot check a record that is named here, and nothing was stored; try again.",
                domain: "records", retryDelay: .seconds(1), cause: error)
        }
    }
}
