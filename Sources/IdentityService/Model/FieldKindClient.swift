import AccessControl
import Contracts
import RPC
import Records
import ServiceHost
import Tenancy

/// Asks the service that keeps the records of a field which values would be of another kind: in the name of who asks, or for the workspace itself.
struct FieldKindClient: Sendable {
    /// Longest wait for an answer, which tells how far the service is.
    private static let timeout = Duration.seconds(8)
    private static let tokenLifetime = Duration.seconds(30)

    private let channels: [ServiceName: any RPCChannel]
    private let minter: CallerTokenMinter
    private let policies: any PolicySource
    private let catalogue: RoleCatalogue

    init(
        _ channels: [ServiceName: any RPCChannel], _ minter: CallerTokenMinter, _ policies: any PolicySource,
        _ catalogue: RoleCatalogue
    ) {
        (self.channels, self.minter, self.policies, self.catalogue) = (channels, minter, policies, catalogue)
    }

    /// The next values, with those examples that the user may see.
    func check(_ request: CheckFieldKindRequest, _ context: CallContext) async throws -> CheckFieldKindResponse {
        let actor = try context.requireTenantActor()
        guard let user = actor.userID else { throw IdentityError.fieldKindNotChecked }
        let options = CallOptions(inheriting: context, timeout: Self.timeout)
        return try await check(request, .program(.defineFields), user, actor.tenantID, options)
    }

    /// The next values, without examples.
    func check(_ request: CheckFieldKindRequest, in tenant: TenantID) async throws -> CheckFieldKindResponse {
        try await check(request, .service(.changeFieldKind), .nobody, tenant, CallOptions(timeout: Self.timeout))
    }

    private func check(
        _ request: CheckFieldKindRequest, _ kind: Caller.Kind, _ user: UserID, _ tenant: TenantID,
        _ options: CallOptions
    ) async throws -> CheckFieldKindResponse {
        guard let service = catalogue.service(of: request.object ?? ""), let channel = channels[service] else {
            throw IdentityError.fieldKindNotChecked
        }
        let policy = try await policies.snapshot(of: tenant, minEpoch: 0)
        let caller = Caller(
            kind: kind, tenantID: tenant, userID: user, sessionID: nil, policyEpoch: policy.epoch,
            expireTime: .now().advanced(by: Self.tokenLifetime), workspace: "")
        var options = options
        options.callerToken = try minter.mint(caller, for: service)
        return try await FieldKindServiceClient(channel: channel).checkFieldKind(request, options: options)
    }
}
