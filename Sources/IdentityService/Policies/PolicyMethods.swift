import Contracts
import RPC
import Tenancy

/// steward.platform.v1.PolicyService, for the services; the host's topology admits nobody else.
struct PolicyMethods: PolicyServiceCustomMethods {
    let compiler: PolicyCompiler
    let feed: ChangeFeed
    let served: ServedTenants

    func getPolicy(_ request: GetPolicyRequest, _ context: CallContext) async throws -> GetPolicyResponse {
        guard let id = RecordID(bytes: request.tenantID ?? []) else { throw IdentityError.tenantNotFound }
        return GetPolicyResponse(
            policy: try await compiler.policy(of: TenantID(id), deadline: context.deadline))
    }

    func listServedTenants(
        _ request: ListServedTenantsRequest, _ context: CallContext
    ) async throws -> ListServedTenantsResponse {
        let last = request.afterTenantID.flatMap { RecordID(bytes: $0) }.map { TenantID($0) }
        // Each program asks for its own.
        guard case .program(let service) = context.connection.peer, service.rawValue == request.service else {
            return ListServedTenantsResponse()
        }
        let page = try await served.page(of: service, after: last, deadline: context.deadline)
        return ListServedTenantsResponse(tenantIDs: page.map(\.id.bytes))
    }

    func watchPolicies(
        _ request: WatchPoliciesRequest, _ responses: ResponseWriter<WatchPoliciesResponse>,
        _ context: CallContext
    ) async throws {
        let events = feed.policies.watch()
        try await responses.write(WatchPoliciesResponse())
        for await changes in events {
            try await responses.write(
                WatchPoliciesResponse(
                    changes: changes.map { PolicyChange(tenantID: $0.tenantID.id.bytes, epoch: $0.epoch) }))
        }
        throw IdentityError.watchEnded
    }
}
