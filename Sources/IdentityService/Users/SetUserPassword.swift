import AccessControl
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// The methods of steward.identity.v1.UserService that are not standard.
struct UserMethods: UserServiceCustomMethods {
    let engine: RecordEngine
    let users: RecordType
    let catalogue: RoleCatalogue
    let tenantData: TenantData
    let hasher: PasswordHasher
    let signInGuard: SignInGuard
    let revoker: SessionRevoker
    let handover: UserHandover

    /// A password is the key to all rights of its user, so only who has these rights may set it. Whoever gets a new one can
    /// use it at once: a lock is lifted.
    func setUserPassword(
        _ request: SetUserPasswordRequest, _ context: CallContext
    ) async throws -> SetUserPasswordResponse {
        let call = try await engine.authorise(context, users, .update)
        // What a password must not be tells them.
        try call.rights.requireReadable("email", "display_name")
        let workspace = try context.requireCaller().workspace
        let password = Password(request.password ?? "")
        try UserMethods.check(password, PasswordNames(workspace: workspace))
        // Before a hash is computed, and before a repetition ends sessions and lifts a lock once more.
        try await engine.reading(context) { _ = try await requireRights(over: request.id, password, $0) }
        let hash = try await hasher.hash(password, from: context.clientNetwork)
        let response = try await engine.transaction(
            context, request: SetUserPasswordRequest(id: request.id), secret: password.text
        ) { transaction in
            let user = try await requireRights(over: request.id, password, transaction)
            guard let id = RecordID(user.id ?? "") else { throw IdentityError.sessionInvalid }
            let origin = LedgerRow.Origin(time: call.now, by: call.actor.actor, context)
            let ledger = UserLedger(user: UserID(id), origin: origin)
            for query in [
                CredentialTable.put(UserID(id), hash: hash, now: call.now),
                ledger.row(UserLedger.passwordChanged, version: user.version ?? 0),
            ] {
                _ = try await transaction.query(query)
            }
            return SetUserPasswordResponse()
        }
        if let id = RecordID(request.id ?? "") {
            let owner = SessionOwner(tenantID: call.actor.tenantID, userID: UserID(id))
            try await revoker.revoke(owner, deadline: context.deadline)
            try await unlock(owner.userID, of: call.actor.tenantID, workspace, context)
        }
        return response
    }

    /// Only who has all rights of a user may set its password, which must not be its address or little more than its name.
    private func requireRights(
        over id: String?, _ password: Password, _ transaction: RecordTransaction
    ) async throws -> User {
        let user = try await transaction.load(users, id: id, for: .update).value(User.self)
        let workspace = try transaction.context.requireCaller().workspace
        try UserMethods.check(
            password,
            PasswordNames(email: user.email ?? "", workspace: workspace, displayName: user.displayName ?? ""))
        let roles = user.roleIDs.compactMap { RecordID($0) }
        let policy = try await HeldPolicy(roles: roles, of: catalogue, in: transaction)
        let department = user.departmentID.flatMap { RecordID($0) }
        try policy.check(policy.access(roles: roles, in: department), .user)
        return user
    }

    private static func check(_ password: Password, _ names: PasswordNames) throws {
        if let violation = PasswordRules.violation(of: password, names, field: "password") {
            throw RPCError.invalidArgument([violation], domain: IdentityError.domain)
        }
    }

    private func unlock(
        _ user: UserID, of tenant: TenantID, _ workspace: String, _ context: CallContext
    ) async throws {
        let rows = try await tenantData.read(
            tenant, CredentialTable.find(user), purpose: .setPassword, deadline: context.deadline)
        guard let row = rows[0].first else { return }
        try await signInGuard.unlock(
            .user(workspace: workspace, email: SignInName.normalized(try CredentialRow(row).email)),
            deadline: context.deadline)
    }
}
