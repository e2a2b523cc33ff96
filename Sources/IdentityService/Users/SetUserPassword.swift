import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// The methods of steward.identity.v1.UserService that are not standard.
struct UserMethods: UserServiceCustomMethods {
    let engine: RecordEngine
    let users: RecordType
    let hasher: PasswordHasher
    let revoker: SessionRevoker

    /// A password is the key to all rights of its user, so only who has these rights may set it.
    func setUserPassword(
        _ request: SetUserPasswordRequest, _ context: CallContext
    ) async throws -> SetUserPasswordResponse {
        let call = try await engine.authorise(context, users, .update)
        let password = request.password ?? ""
        if let violation = PasswordRules.violation(of: password, email: "", field: "password") {
            throw RPCError.invalidArgument([violation], domain: IdentityError.domain)
        }
        let hash = try await hasher.hash(password)
        // Under the request id only what is no secret is kept.
        let response = try await engine.transaction(context, request: SetUserPasswordRequest(id: request.id)) {
            transaction in
            let record = try await transaction.load(users, id: request.id, for: .update)
            let user = record.value(User.self)
            let roles = user.roleIDs.compactMap { RecordID($0) }
            let policy = try await HeldPolicy(roles: roles, in: transaction)
            let department = user.departmentID.flatMap { RecordID($0) }
            try policy.check(policy.access(roles: roles, in: department), .user)
            guard let id = RecordID(user.id ?? "") else { throw IdentityError.sessionInvalid }
            for query in [
                CredentialTable.put(UserID(id), hash: hash, now: call.now),
                LedgerTable.passwordChanged(of: UserID(id), by: call.caller.userID, context, now: call.now),
            ] {
                _ = try await transaction.run(query)
            }
            return SetUserPasswordResponse()
        }
        if let id = RecordID(request.id ?? "") {
            try await revoker.revoke(user: UserID(id), deadline: context.deadline)
        }
        return response
    }
}
