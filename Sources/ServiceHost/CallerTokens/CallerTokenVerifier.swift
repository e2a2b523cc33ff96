import Contracts
package import Credentials
package import RPC
package import Tenancy
import Wire

/// Verifies the proofs that `CallerTokenMinter` makes, for one audience.
package struct CallerTokenVerifier: Sendable {
    private let audience: ServiceName
    private let key: MACKey

    /// Accepts tokens whose code for `audience` was made with `key`.
    package init(audience: ServiceName, key: MACKey) {
        self.audience = audience
        self.key = key
    }

    /// The caller whom the token proves. Throws UNAUTHENTICATED: CALLER_INVALID when it proves nobody,
    /// CALLER_EXPIRED when it does no more.
    package func verify(_ token: CallerTokenBytes) throws -> Caller {
        guard let (claims, macs) = token.parts(),
            let code = macs.first(where: { $0.audience == audience.rawValue })?.mac,
            code.count == CallerTokenMinter.codeBytes, try key.verifies(code, for: claims)
        else { throw Self.invalid("The proof of who calls is not genuine.") }
        guard let decoded = try? CallerClaims(decoding: claims), let caller = Caller(decoded) else {
            throw Self.invalid("The proof of who calls is incomplete.")
        }
        try Self.requireUnexpired(caller)
        let limit = HostLimits.callerLifetimeMax + HostLimits.clockSkewMax
        guard caller.expireTime <= Timestamp.now().advanced(by: limit) else {
            throw Self.invalid(
                "The proof of who calls is valid for too long; compare the clocks of the machines.")
        }
        return caller
    }

    /// Throws CALLER_EXPIRED when the caller's proof has ended.
    static func requireUnexpired(_ caller: Caller) throws {
        guard caller.expireTime.advanced(by: HostLimits.clockSkewMax) > Timestamp.now() else {
            throw RPCError.unauthenticated(
                "CALLER_EXPIRED",
                "The proof of who calls has expired; the gateway gets a new one by itself: try again.")
        }
    }

    private static func invalid(_ message: String) -> RPCError { .unauthenticated("CALLER_INVALID", message) }
}
