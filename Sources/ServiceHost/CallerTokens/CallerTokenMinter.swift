import Contracts
package import Credentials
package import RPC
package import Tenancy
import Wire

/// Makes the proofs of who calls. Only identity has one.
///
/// A token is a serialized steward.rpc.v1.CallerToken: the claims, and for each audience HMAC-SHA256 over the claims
/// under the key that identity shares with that audience alone, cut to 16 bytes. `CallerTokenVerifier` is its other half.
package struct CallerTokenMinter: Sendable {
    /// Bytes kept of a code. Guessing 128 bits within the life of a token is out of reach.
    static let codeBytes = 16

    private let keys: [(audience: ServiceName, key: MACKey)]

    /// Takes the key of each program that is to accept the tokens.
    package init(keys: [ServiceName: MACKey]) {
        self.keys = keys.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }

    /// The proof of who calls, valid until `caller.expireTime`, which must be at most 60 s ahead.
    ///
    /// - Parameter audience: the one program that is to accept it; nil for all.
    package func mint(_ caller: Caller, for audience: ServiceName? = nil) throws -> CallerTokenBytes {
        let limit = Timestamp.now().advanced(by: HostLimits.callerLifetimeMax)
        precondition(
            caller.expireTime <= limit, "a caller token lives \(HostLimits.callerLifetimeMax) at most")
        let claims = CallerClaims(caller).encoded()
        let macs = try keys.filter { audience == nil || $0.audience == audience }.map { audience, key in
            CallerMAC(
                audience: audience.rawValue, mac: Array(try key.code(for: claims).prefix(Self.codeBytes)))
        }
        return CallerTokenBytes(encoded: CallerToken(claims: claims, macs: macs).encoded())
    }
}

extension CallerClaims {
    init(_ caller: Caller) {
        self.init(
            tenantID: caller.tenantID?.id.bytes, userID: caller.userID == .nobody ? nil : caller.userID.id.bytes,
            sessionID: caller.sessionID?.bytes,
            policyEpoch: caller.policyEpoch, expireMicros: caller.expireTime.microseconds,
            operator: caller.kind == .operator, workspace: caller.workspace,
            purpose: caller.purpose?.name)
    }
}

extension Caller {
    /// Nil when the claims lack something or contradict themselves.
    init?(_ claims: CallerClaims) {
        let tenant = claims.tenantID.flatMap { RecordID(bytes: $0) }
        let session = claims.sessionID.flatMap { RecordID(bytes: $0) }
        let user = claims.userID.map { RecordID(bytes: $0) } ?? UserID.nobody.id
        guard let kind = Kind(claims), let user, (claims.userID == nil) == kind.isOfNobody,
            let expire = claims.expireMicros, (tenant == nil) == (kind == .operator),
            (session == nil) == (claims.purpose != nil)
        else { return nil }
        self.init(
            kind: kind, tenantID: tenant.map { TenantID($0) }, userID: UserID(user), sessionID: session,
            policyEpoch: claims.policyEpoch ?? 0, expireTime: Timestamp(microseconds: expire),
            workspace: claims.workspace ?? "")
    }
}

extension Caller {
    /// What a program calls for; nil for who has a session.
    var purpose: Purpose? {
        switch kind {
        case .program(let purpose), .service(let purpose): purpose
        case .user, .operator: nil
        }
    }
}

extension Caller.Kind {
    /// Nil for a purpose that no program calls another one for.
    fileprivate init?(_ claims: CallerClaims) {
        switch (claims.operator == true, claims.purpose) {
        case (true, nil): self = .operator
        case (false, nil): self = .user
        case (false, let name?):
            guard let purpose = ProgramCalls.callers.keys.first(where: { $0.name == name }) else { return nil }
            self = ProgramCalls.isOfWorkspaces(purpose) ? .service(purpose) : .program(purpose)
        case (true, _?): return nil
        }
    }

    /// A program calls for the workspace itself.
    fileprivate var isOfNobody: Bool { if case .service = self { true } else { false } }
}
