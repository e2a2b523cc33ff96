import Contracts
import Postgres
import RPC
import ServiceHost
import Tenancy
import Wire

/// steward.platform.v1.ProgramService, for the services; the host's topology admits nobody else.
struct ProgramMethods: ProgramServiceCustomMethods {
    let directory: Directory
    let minter: CallerTokenMinter

    /// How long such a proof is believed.
    private static let tokenLifetime = Duration.seconds(50)

    func issueProgramToken(
        _ request: IssueProgramTokenRequest, _ context: CallContext
    ) async throws -> IssueProgramTokenResponse {
        guard case .program(let program) = context.connection.peer,
            let audience = request.audience.flatMap({ ServiceName(rawValue: $0) }),
            let purpose = ProgramCalls.purpose(request.purpose, from: program, to: audience)
        else { throw IdentityError.purposeNotAllowed }
        guard let id = RecordID(bytes: request.tenantID ?? []), case let tenant = TenantID(id),
            try await isServed(tenant, by: [program, audience], context.deadline)
        else { throw IdentityError.tenantNotFound }
        let caller = Caller(
            kind: .service(purpose), tenantID: tenant, userID: .nobody, sessionID: nil, policyEpoch: 0,
            expireTime: .now().advanced(by: Self.tokenLifetime), workspace: "")
        return IssueProgramTokenResponse(
            token: try CallerToken(decoding: minter.mint(caller, for: audience).encoded),
            expireMicros: caller.expireTime.microseconds)
    }

    /// Whether the workspace is active and all of the services have data of it.
    private func isServed(_ tenant: TenantID, by services: Set<ServiceName>, _ deadline: Deadline) async throws -> Bool
    {
        let rows = try await directory.read(PlacementTable.activeServices(of: tenant), deadline: deadline)
        return services.isSubset(of: try rows.compactMap { ServiceName(rawValue: try $0.string(0)) })
    }
}
