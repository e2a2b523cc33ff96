import Contracts
import RPC
import Synchronization
import Tenancy
import Wire

/// Proofs of who calls, for calls that this program makes of others for a workspace itself. Identity gives them; they are kept until shortly before
/// their end, and no longer when their audience refuses them.
final class ProgramTokens: Sendable {
    struct Use: Hashable {
        let tenant: TenantID
        let audience: ServiceName
        let purpose: Purpose
    }

    private struct Proof {
        let token: CallerTokenBytes
        let end: Timestamp
    }

    /// A proof holds for as long as its call is under way: the longest are those that ask for roll-ups.
    private static let reserve = HostLimits.rollUpTimeout
    private static let timeout = Duration.seconds(3)
    /// The most that are kept: beyond it those go that have ended, and without any the one that ends first.
    static let countMax = 4096

    private let client: ProgramServiceClient
    private let proofs = Mutex<[Use: Proof]>([:])

    init(_ identity: any RPCChannel) { client = ProgramServiceClient(channel: identity) }

    /// How many are kept.
    var count: Int { proofs.withLock { $0.count } }

    /// The way to a program, with a proof in each call. One that is refused there (CALLER_EXPIRED, CALLER_INVALID: identity has another key, or the
    /// clocks differ) is forgotten, so that the caller's next attempt has a new one.
    func channel(_ base: any RPCChannel, _ tenant: TenantID, for purpose: Purpose, at audience: ServiceName)
        -> any RPCChannel
    {
        ProvenChannel(base: base, tokens: self, use: Use(tenant: tenant, audience: audience, purpose: purpose))
    }

    /// - Throws: NOT_FOUND with TENANT_NOT_FOUND for a workspace that is not active; UNAVAILABLE when identity cannot be asked.
    private func token(for use: Use) async throws(RPCError) -> CallerTokenBytes {
        let limit = Timestamp.now().advanced(by: Self.reserve)
        if let known = proofs.withLock({ $0[use] }), known.end > limit { return known.token }
        let answer = try await client.issueProgramToken(
            IssueProgramTokenRequest(
                tenantID: use.tenant.id.bytes, purpose: use.purpose.name, audience: use.audience.rawValue),
            options: CallOptions(timeout: Self.timeout))
        guard let token = answer.token else {
            throw RPCError(.internal, reason: "MALFORMED_RESPONSE", "identity sent no token.")
        }
        let proof = Proof(
            token: CallerTokenBytes(encoded: token.encoded()), end: Timestamp(microseconds: answer.expireMicros ?? 0))
        proofs.withLock { proofs in
            proofs[use] = proof
            guard proofs.count > Self.countMax else { return }
            let now = Timestamp.now()
            proofs = proofs.filter { $0.value.end > now }
            guard proofs.count > Self.countMax, let first = proofs.min(by: { $0.value.end < $1.value.end }) else {
                return
            }
            proofs[first.key] = nil
        }
        return proof.token
    }

    /// The next call has another proof than this one.
    private func forget(_ token: CallerTokenBytes, for use: Use) {
        proofs.withLock { proofs in
            if proofs[use]?.token == token { proofs[use] = nil }
        }
    }
}

// The way with proofs.
extension ProgramTokens {
    private struct ProvenChannel: RPCChannel {
        let base: any RPCChannel
        let tokens: ProgramTokens
        let use: Use

        func unary(
            _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
        ) async throws(RPCError) -> [UInt8] {
            let token = try await tokens.token(for: use)
            var options = options
            options.callerToken = token
            do {
                return try await base.unary(method, request, options)
            } catch {
                if Self.refusals.contains(error.reason) { tokens.forget(token, for: use) }
                throw error
            }
        }

        private static let refusals: Set = ["CALLER_EXPIRED", "CALLER_INVALID"]

        func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
            var options = options
            options.callerToken = try await tokens.token(for: use)
            return try await base.open(method, options)
        }
    }
}
