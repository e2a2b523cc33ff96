import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import ServiceHost
import Tenancy
import Work

/// Asks the services that keep records how often an entry of a choice list is used, and to put another one in its place: in the name of who changes the
/// list, whose rights count there.
struct ChoiceUseClient: Sendable {
    /// Longest wait for an answer: a service counts for 4 s.
    private static let timeout = Duration.seconds(6)

    let services: RecordServices

    /// The uses in each service that has some, in the order in which they are asked.
    ///
    /// - Throws: PERMISSION_DENIED for a user who may not change many records of a kind that uses the list; UNAVAILABLE when a service cannot be asked.
    func count(
        _ list: String, _ value: String, _ context: CallContext
    ) async throws -> [(service: ServiceName, uses: [CountedChoiceUse])] {
        var counted: [(service: ServiceName, uses: [CountedChoiceUse])] = []
        let request = CountChoiceUsesRequest(choiceList: list, value: value)
        for service in services.all {
            let uses = try await call(service, context) { try await $0.countChoiceUses(request, options: $1).uses }
            if !uses.isEmpty { counted.append((service, uses)) }
        }
        return counted
    }

    /// The job that was begun; nil when nothing uses the list any more.
    func begin(
        _ request: BeginChoiceMergeRequest, _ service: ServiceName, _ context: CallContext
    ) async throws -> RecordID? {
        try await call(service, context) { client, options in
            try await client.beginChoiceMerge(request, options: options).jobID.flatMap { RecordID(bytes: $0) }
        }
    }

    private func call<Answer>(
        _ service: ServiceName, _ context: CallContext,
        _ body: (ChoiceUseServiceClient, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        let actor = try context.requireTenantActor()
        guard let user = actor.userID else { throw IdentityError.choicesNotAsked }
        let options = CallOptions(inheriting: context, timeout: Self.timeout)
        let way = try await services.way(to: service, .mergeChoices, for: user, in: actor.tenantID, options)
        guard let way else { throw IdentityError.choicesNotAsked }
        return try await body(ChoiceUseServiceClient(channel: way.channel), way.options)
    }
}
