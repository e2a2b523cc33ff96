import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

extension AuthenticationMethods {
    func changePassword(
        _ request: ChangePasswordRequest, _ context: CallContext
    ) async throws -> ChangePasswordResponse {
        let caller = try context.requireCaller()
        let holder = try await findHolder(caller, context)
        let (old, new) = (Password(request.oldPassword ?? ""), Password(request.newPassword ?? ""))
        let names = PasswordNames(
            email: holder.email, workspace: caller.workspace, displayName: holder.displayName)
        if let violation = PasswordRules.violation(of: new, replacing: old, names, field: "new_password") {
            throw RPCError.invalidArgument([violation], domain: IdentityError.domain)
        }
        let attempt = SignInAttempt(
            caller.tenantID == nil
                ? .operator(email: holder.email) : .user(workspace: caller.workspace, email: holder.email),
            from: context.clientNetwork)
        _ = try await passwordCheck.run(old, attempt, context, wrong: IdentityError.passwordWrong) { holder }
        let hash = try await hasher.hash(new, from: context.clientNetwork)
        try await store(hash, for: caller, context)
        let family = try await family(of: caller, context)
        try await revoker.revoke(caller.sessionOwner, exceptFamily: family, deadline: context.deadline)
        return ChangePasswordResponse()
    }

    private func findHolder(_ caller: Caller, _ context: CallContext) async throws -> PasswordHolder {
        if let tenant = caller.tenantID {
            let rows = try await tenantData.read(
                tenant, CredentialTable.find(caller.userID), purpose: .changePassword,
                deadline: context.deadline)
            guard let row = rows[0].first else { throw IdentityError.sessionInvalid }
            return try CredentialRow(row).passwordHolder(in: tenant)
        }
        let rows = try await directory.read(OperatorTable.find(caller.userID), deadline: context.deadline)
        guard let row = rows.first else { throw IdentityError.sessionInvalid }
        return try OperatorRow(row).passwordHolder
    }

    /// Stores the new password. Networks that the user was known in with the old one are strange again, but for this one.
    private func store(_ hash: String, for caller: Caller, _ context: CallContext) async throws {
        let now = Timestamp.now()
        let networks = [context.clientNetwork.digest(for: caller.userID)]
        guard let tenant = caller.tenantID else {
            let change = OperatorTable.setPassword(caller.userID, hash: hash, knownNetworks: networks, now: now)
            try await directory.write(change, deadline: context.deadline)
            return
        }
        let origin = LedgerRow.Origin(time: now, by: .user(caller.userID), context)
        try await tenantData.transaction(tenant, purpose: .changePassword, deadline: context.deadline) {
            transaction in
            let change = CredentialTable.put(caller.userID, hash: hash, knownNetworks: networks, now: now)
            try await transaction.query(change)
            try await UserLedger(user: caller.userID, origin: origin).tell(UserLedger.passwordChanged, in: transaction)
        }
    }
}
