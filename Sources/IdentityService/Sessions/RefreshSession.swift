import Credentials
import IdentityContracts
import Logging
import Postgres
import RPC
import Tenancy

extension AuthenticationMethods {
    func refreshSession(
        _ request: RefreshSessionRequest, _ context: CallContext
    ) async throws -> RefreshSessionResponse {
        guard let token = request.refreshToken, token.count == SessionIssuer.tokenBytes else {
            throw IdentityError.refreshTokenInvalid
        }
        let outcome = try await directory.transaction(deadline: context.deadline) { transaction in
            try await use(token, in: transaction)
        }
        switch outcome {
        case .session(let session):
            return RefreshSessionResponse(session: session)
        case .reuse(let family, let owner):
            context.logger.warning("a refresh token was used again; its sessions were ended")
            try await revoker.revoke(family: family, of: owner, deadline: context.deadline)
            throw IdentityError.refreshTokenReused
        case .refused:
            throw IdentityError.refreshTokenInvalid
        }
    }

    private enum RefreshOutcome: Sendable {
        case session(Session)
        case reuse(family: RecordID, SessionOwner)
        case refused
    }

    private func use(_ token: [UInt8], in transaction: PostgresTransaction) async throws -> RefreshOutcome {
        let digest = TokenDigest.sha256(token)
        guard let row = try await transaction.query(RefreshTokenTable.lock(digest: digest)).first else {
            return .refused
        }
        let known = try RefreshTokenRow(row)
        switch known.state.decision(now: .now()) {
        case .renew:
            guard try await mayContinue(known.owner, in: transaction) else { return .refused }
            return .session(try await renew(known, token, digest, in: transaction))
        case .repeatSuccessor:
            guard let sealed = known.sealedSuccessor else { return .refused }
            var session = try SealedSuccessor.open(sealed, under: token)
            session.userID = known.owner.userID.description
            return .session(session)
        case .endFamily:
            return .reuse(family: known.family, known.owner)
        case .refuse:
            return .refused
        }
    }

    /// Replaces the token. The former session lives on for the grace, for calls that are under way in it.
    private func renew(
        _ known: RefreshTokenRow, _ token: [UInt8], _ digest: [UInt8], in transaction: PostgresTransaction
    ) async throws -> Session {
        let session = try await issuer.issue(known.owner, family: known.family, in: transaction)
        let now = Timestamp.now()
        try await transaction.query(
            RefreshTokenTable.replace(
                digest: digest, sealedSuccessor: try SealedSuccessor.seal(session, under: token), now: now))
        try await transaction.query(
            SessionTable.shorten(
                known.sessionID, of: known.owner, to: now.advanced(by: RefreshTokenState.grace)))
        return session.message
    }

    /// The tenant is active, or the operator not disabled.
    private func mayContinue(_ owner: SessionOwner, in transaction: PostgresTransaction) async throws -> Bool {
        guard let tenant = owner.tenantID else {
            let row = try await transaction.query(OperatorTable.find(owner.userID)).first
            return try row.map { try !OperatorRow($0).isDisabled } ?? false
        }
        let row = try await transaction.query(TenantTable.find(tenant)).first
        return try row.map { try TenantRow($0).state == .active } ?? false
    }
}
