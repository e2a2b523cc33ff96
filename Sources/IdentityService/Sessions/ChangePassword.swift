import Contracts
import RPC
import Tenancy

extension AuthenticationMethods {
    func changePassword(
        _ request: ChangePasswordRequest, _ context: CallContext
    ) async throws -> ChangePasswordResponse {
        let caller = try context.requireCaller()
        let known = try await credential(of: caller, context)
        let password = request.newPassword ?? ""
        if let violation = PasswordRules.violation(of: password, email: known.email, field: "new_password") {
            throw RPCError.invalidArgument([violation], domain: IdentityError.domain)
        }
        let attempt = SignInGuard.Attempt(
            workspace: caller.workspace, email: known.email, address: context.clientAddress)
        try await signInGuard.admit(attempt, deadline: context.deadline)
        let old = request.oldPassword ?? ""
        guard !PasswordRules.isImpossible(old), try await hasher.verify(old, against: known.hash) else {
            _ = try await signInGuard.failure(attempt, deadline: context.deadline)
            throw IdentityError.passwordWrong
        }
        try await store(try await hasher.hash(password), for: caller, context)
        let family = try await family(of: caller, context)
        try await revoker.revoke(user: caller.userID, exceptFamily: family, deadline: context.deadline)
        return ChangePasswordResponse()
    }

    private func credential(of caller: Caller, _ context: CallContext) async throws -> (
        email: String, hash: String
    ) {
        if let tenant = caller.tenantID {
            let rows = try await tenantData.read(
                tenant, CredentialTable.find(caller.userID), purpose: "change password",
                deadline: context.deadline)
            guard let row = rows[0].first else { throw IdentityError.sessionInvalid }
            let user = try CredentialRow(row)
            return (user.email, user.passwordHash)
        }
        let rows = try await directory.read(OperatorTable.find(caller.userID), deadline: context.deadline)
        guard let row = rows.first else { throw IdentityError.sessionInvalid }
        let found = try OperatorRow(row)
        return (found.email, found.passwordHash)
    }

    private func store(_ hash: String, for caller: Caller, _ context: CallContext) async throws {
        let now = Timestamp.now()
        guard let tenant = caller.tenantID else {
            try await directory.write(
                OperatorTable.setPassword(caller.userID, hash: hash, now: now), deadline: context.deadline)
            return
        }
        try await tenantData.write(
            tenant,
            [
                CredentialTable.put(caller.userID, hash: hash, now: now),
                LedgerTable.passwordChanged(of: caller.userID, by: caller.userID, context, now: now),
            ], purpose: "change password", deadline: context.deadline)
    }
}
