import IdentityContracts
import Postgres
import RPC
import Tenancy

extension AuthenticationMethods {
    func signIn(_ request: SignInRequest, _ context: CallContext) async throws -> SignInResponse {
        let workspace = SignInName.normalized(request.workspace ?? "")
        let email = SignInName.normalized(request.email ?? "")
        let network = context.clientNetwork
        let attempt = SignInAttempt(.user(workspace: workspace, email: email), from: network)
        let holder = try await passwordCheck.run(Password(request.password ?? ""), attempt, context) {
            try await findHolder(workspace: workspace, email: email, context)
        }
        guard let tenant = holder.owner.tenantID else { throw IdentityError.signInFailed }
        var session = try await openSession(holder, of: tenant, from: network, context).message
        if holder.isOneTime { session.passwordSpent = true }
        return SignInResponse(session: session)
    }

    func signInOperator(
        _ request: SignInOperatorRequest, _ context: CallContext
    ) async throws -> SignInOperatorResponse {
        let email = SignInName.normalized(request.email ?? "")
        let network = context.clientNetwork
        let attempt = SignInAttempt(.operator(email: email), from: network)
        let holder = try await passwordCheck.run(Password(request.password ?? ""), attempt, context) {
            let row = try await directory.read(OperatorTable.find(email: email), deadline: context.deadline).first
            let found = try row.map { try OperatorRow($0) }
            return found.flatMap { $0.isDisabled ? nil : $0.passwordHolder }
        }
        let session = try await directory.transaction(deadline: context.deadline) { transaction in
            let confirm = OperatorTable.confirmSignIn(
                holder.owner.userID, hash: holder.passwordHash, network: network, now: .now())
            guard try await transaction.query(confirm).first != nil else { throw IdentityError.signInFailed }
            return try await issuer.open(holder.owner, in: transaction)
        }
        return SignInOperatorResponse(session: session.message)
    }

    /// The user of this name, if both the workspace and the user may be used.
    private func findHolder(workspace: String, email: String, _ context: CallContext) async throws
        -> PasswordHolder?
    {
        guard let name = WorkspaceName(workspace) else { return nil }
        let rows = try await directory.read(
            TenantTable.find(workspace: name.text), deadline: context.deadline)
        guard let tenant = try rows.first.map({ try TenantRow($0) }), tenant.state == .active else {
            return nil
        }
        let users = try await tenantData.read(
            tenant.id, CredentialTable.find(email: email, now: .now()), purpose: .signIn,
            deadline: context.deadline)
        return try users[0].first.map { try CredentialRow($0).passwordHolder(in: tenant.id) }
    }

    /// Opens the session, then looks again: a user who was disabled meanwhile must not keep it, nor may a one-time password
    /// open two.
    private func openSession(
        _ holder: PasswordHolder, of tenant: TenantID, from network: ClientNetwork, _ context: CallContext
    ) async throws -> IssuedSession {
        let owner = holder.owner
        let session = try await directory.transaction(deadline: context.deadline) { transaction in
            try await issuer.open(owner, in: transaction)
        }
        let confirmed = try await tenantData.write(
            tenant,
            [
                CredentialTable.confirmSignIn(
                    owner.userID, hash: holder.passwordHash, network: network, now: .now())
            ], purpose: .signIn, deadline: context.deadline)
        guard confirmed[0].first != nil else {
            try await revoker.revoke(family: session.family, of: owner, deadline: context.deadline)
            throw IdentityError.signInFailed
        }
        return session
    }
}
