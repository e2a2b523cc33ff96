import Contracts
import RPC
import Synchronization
import Tenancy
import Wire

/// Proofs of who calls, for calls that this program makes of others for a workspace itself. Identity gives them; they are kept until shortly before
/// their end.
final class ProgramTokens: Sendable {
    private struct Use: Hashable {
        let tenant: TenantID
        let audience: ServiceName
        let purpose: Purpose
    }

    private struct Proof {
        let token: CallerTokenBytes
        let end: Timestamp
    }

    /// A proof must hold for as long as its call is under way.
    private static let reserve = Duration.seconds(10)
    private static let timeout = Duration.seconds(3)
    /// From so many on, those that have ended are forgotten.
    private static let countMax = 4096

    private let client: ProgramServiceClient
    private let proofs = Mutex<[Use: Proof]>([:])

    init(_ identity: any RPCChannel) { client = ProgramServiceClient(channel: identity) }

    /// - Throws: NOT_FOUND with TENANT_NOT_FOUND for a workspace that is not active; UNAVAILABLE when identity cannot be asked.
    func token(_ tenant: TenantID, for purpose: Purpose, at audience: ServiceName) async throws -> CallerTokenBytes {
        let use = Use(tenant: tenant, audience: audience, purpose: purpose)
        let limit = Timestamp.now().advanced(by: Self.reserve)
        if let known = proofs.withLock({ $0[use] }), known.end > limit { return known.token }
        let answer = try await client.issueProgramToken(
            IssueProgramTokenRequest(tenantID: tenant.id.bytes, purpose: purpose.name, audience: audience.rawValue),
            options: CallOptions(timeout: Self.timeout))
        guard let token = answer.token else {
            throw RPCError(.internal, reason: "MALFORMED_RESPONSE", "identity sent no token.")
        }
        let proof = Proof(
            token: CallerTokenBytes(encoded: token.encoded()), end: Timestamp(microseconds: answer.expireMicros ?? 0))
        proofs.withLock { proofs in
            if proofs.count >= Self.countMax {
                let now = Timestamp.now()
                proofs = proofs.filter { $0.value.end > now }
            }
            proofs[use] = proof
        }
        return proof.token
    }
}
