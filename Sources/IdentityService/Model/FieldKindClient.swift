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

    let services: RecordServices
    let catalogue: RoleCatalogue

    /// The next values, with those examples that the user may see.
    func check(_ request: CheckFieldKindRequest, _ context: CallContext) async throws -> CheckFieldKindResponse {
        let actor = try context.requireTenantActor()
        guard let user = actor.userID else { throw IdentityError.fieldKindNotChecked }
        let options = CallOptions(inheriting: context, timeout: Self.timeout)
        return try await check(
            request,
            services.way(
                to: catalogue.service(of: request.object ?? ""), .defineFields, for: user, in: actor.tenantID, options))
    }

    /// The next values, without examples.
    func check(_ request: CheckFieldKindRequest, in tenant: TenantID) async throws -> CheckFieldKindResponse {
        try await check(
            request,
            services.way(
                to: catalogue.service(of: request.object ?? ""), .changeFieldKind, in: tenant,
                CallOptions(timeout: Self.timeout)))
    }

    private func check(
        _ request: CheckFieldKindRequest, _ way: (channel: any RPCChannel, options: CallOptions)?
    ) async throws -> CheckFieldKindResponse {
        guard let way else { throw IdentityError.fieldKindNotChecked }
        return try await FieldKindServiceClient(channel: way.channel).checkFieldKind(request, options: way.options)
    }
}
