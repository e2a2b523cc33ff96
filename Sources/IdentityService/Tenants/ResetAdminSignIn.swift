import IdentityContracts
import Logging
import Observability
import Postgres
import RPC
import Records
import Tenancy

extension TenantMethods {
    /// How long a one-time password may wait for its use.
    static let oneTimePasswordLifetime = Duration.seconds(24 * 3600)

    func resetAdminSignIn(
        _ request: ResetAdminSignInRequest, _ context: CallContext
    ) async throws -> ResetAdminSignInResponse {
        let caller = try context.requireOperator()
        let id = try TenantMethods.tenantID(request.id)
        let email = SignInName.normalized(request.email ?? "")
        let password = request.oneTimePassword.map { Password($0) }
        try TenantMethods.check(email, password, PasswordNames(email: email))
        let tenant = try await activeTenant(id, context)
        let user = try await admin(of: id, email, context)
        let admin = user.id
        try TenantMethods.check(
            email, password,
            PasswordNames(email: email, workspace: tenant.workspace, displayName: user.displayName))
        var hash: String?
        if let password { hash = try await hasher.hash(password, from: context.clientNetwork) }
        let expireTime = try await store(hash, of: admin, in: id, by: caller.userID, context)
        if expireTime != nil {
            try await revoker.revoke(SessionOwner(tenantID: id, userID: admin), deadline: context.deadline)
        }
        try await signInGuard.unlock(
            .user(workspace: tenant.workspace, email: email), deadline: context.deadline)
        context.logger.notice(
            "an operator reset the sign-in of an admin",
            metadata: [
                LogKey.tenantID: "\(id)", LogKey.adminID: "\(admin)", LogKey.passwordSet: "\(expireTime != nil)",
            ])
        return ResetAdminSignInResponse(adminUserID: admin.description, passwordExpireTime: expireTime)
    }

    /// Stores the one-time password, if there is one, and tells of the reset. Gives the time until which the password may be used.
    private func store(
        _ hash: String?, of admin: UserID, in tenant: TenantID, by operator: UserID, _ context: CallContext
    ) async throws -> Timestamp? {
        let now = Timestamp.now()
        let end = hash.map { _ in now.advanced(by: TenantMethods.oneTimePasswordLifetime) }
        let origin = LedgerRow.Origin(time: now, by: .program(.resetAdminSignIn, onBehalfOf: nil), context)
        let ledger = UserLedger(user: admin, origin: origin)
        let event = UserLedger.signInReset(by: `operator`, setsPassword: hash != nil)
        try await tenantData.transaction(tenant, purpose: .resetAdminSignIn, deadline: context.deadline) {
            transaction in
            if let hash {
                try await transaction.query(CredentialTable.put(admin, hash: hash, expireTime: end, now: now))
            }
            try await ledger.tell(event, in: transaction)
        }
        return end
    }

    private static func check(_ email: String, _ password: Password?, _ names: PasswordNames) throws {
        let violations = [
            EmailAddress.violation(of: email, field: "email"),
            password.flatMap { PasswordRules.violation(of: $0, names, field: "one_time_password") },
        ].compactMap(\.self)
        if !violations.isEmpty { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
    }

    private func activeTenant(_ id: TenantID, _ context: CallContext) async throws -> TenantRow {
        let rows = try await directory.read(TenantTable.find(id), deadline: context.deadline)
        guard let row = rows.first else { throw IdentityError.tenantNotFound }
        let tenant = try TenantRow(row)
        guard tenant.state == .active else {
            throw IdentityError.tenantState(tenant.state.word, needs: "active")
        }
        return tenant
    }

    private func admin(of tenant: TenantID, _ email: String, _ context: CallContext) async throws -> AdminRow {
        let rows = try await tenantData.read(
            tenant, AdminRole.find, AdminRow.find(email: email), purpose: .resetAdminSignIn,
            deadline: context.deadline)
        guard let role = try rows[0].first?.id(0), let user = try rows[1].first.map({ try AdminRow($0) }),
            user.roleIDs.contains(role)
        else { throw IdentityError.adminNotFound }
        return user
    }
}

/// A user who is asked to be an admin.
private struct AdminRow {
    let id: UserID
    let displayName: String
    let roleIDs: [RecordID]

    init(_ row: Row) throws {
        id = UserID(try row.id(0))
        displayName = try row.string(1)
        roleIDs = try row.ids(2)
    }

    private static let byEmail = Statement(
        """
        SELECT id, display_name, coalesce(role_ids, '{}'::uuid[]) FROM {schema}.users
        WHERE lower(email) = $1 AND deleted_at IS NULL AND disabled IS NOT TRUE
        """)

    static func find(email: String) -> Query {
        Query(byEmail) { $0.append(email) }
    }
}
