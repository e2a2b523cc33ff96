import Contracts
import RPC
import Reactor
import Tenancy

extension AuthenticationMethods {
    func signIn(_ request: SignInRequest, _ context: CallContext) async throws -> SignInResponse {
        let workspace = request.workspace ?? ""
        let email = EmailAddress.normalized(request.email ?? "")
        let attempt = SignInGuard.Attempt(workspace: workspace, email: email, address: context.clientAddress)
        try await signInGuard.admit(attempt, deadline: context.deadline)
        let candidate = try await candidate(workspace: workspace, email: email, context)
        try await check(request.password, candidate?.user.passwordHash, attempt, context)
        guard let candidate else { throw IdentityError.signInFailed }
        return SignInResponse(session: try await openSession(candidate, context).message)
    }

    func signInOperator(
        _ request: SignInOperatorRequest, _ context: CallContext
    ) async throws -> SignInOperatorResponse {
        let email = EmailAddress.normalized(request.email ?? "")
        let attempt = SignInGuard.Attempt(workspace: "", email: email, address: context.clientAddress)
        try await signInGuard.admit(attempt, deadline: context.deadline)
        let row = try await directory.read(OperatorTable.find(email: email), deadline: context.deadline).first
        let found = try row.map { try OperatorRow($0) }
        let candidate = found.flatMap { $0.isDisabled ? nil : $0 }
        try await check(request.password, candidate?.passwordHash, attempt, context)
        guard let candidate else { throw IdentityError.signInFailed }
        let owner = SessionOwner(tenantID: nil, userID: candidate.id)
        let session = try await directory.transaction(deadline: context.deadline) { transaction in
            try await transaction.run(OperatorTable.noteSignIn(candidate.id, now: .now()))
            return try await issuer.open(owner, in: transaction)
        }
        return SignInOperatorResponse(session: session.message)
    }

    private struct Candidate {
        let tenantID: TenantID
        let user: CredentialRow
    }

    /// The user of this name, if both the workspace and the user may be used.
    private func candidate(workspace: String, email: String, _ context: CallContext) async throws
        -> Candidate?
    {
        guard let name = WorkspaceName(workspace) else { return nil }
        let rows = try await directory.read(
            TenantTable.find(workspace: name.text), deadline: context.deadline)
        guard let tenant = try rows.first.map({ try TenantRow($0) }), tenant.state == .active else {
            return nil
        }
        let users = try await tenantData.read(
            tenant.id, CredentialTable.find(email: email), purpose: "sign in", deadline: context.deadline)
        return try users[0].first.map { Candidate(tenantID: tenant.id, user: try CredentialRow($0)) }
    }

    /// Throws unless `password` is the one with this hash. Every failure takes at least `failureTime`, so that the time
    /// tells nothing about what was wrong.
    private func check(
        _ password: String?, _ hash: String?, _ attempt: SignInGuard.Attempt, _ context: CallContext
    ) async throws {
        let password = password ?? ""
        // Nobody's password, but checking it takes its time all the same.
        let isPossible = !PasswordRules.isImpossible(password)
        let matches = try await hasher.verify(isPossible ? password : "-", against: isPossible ? hash : nil)
        guard !matches else { return try await signInGuard.success(attempt, deadline: context.deadline) }
        let failure = try await signInGuard.failure(attempt, deadline: context.deadline)
        let end = MonotonicTime.moment(AuthenticationMethods.failureTime, after: context.startNanoseconds)
        let now = MonotonicTime.now()
        if end > now, let loop = EventLoop.current {
            try await loop.sleep(for: .nanoseconds(Int64(end - now)))
        }
        throw failure
    }

    /// Well above the time of a check, which is some 30 ms.
    private static let failureTime = Duration.milliseconds(150)

    /// Opens the session, then looks again: a user who was disabled meanwhile must not keep it.
    private func openSession(_ candidate: Candidate, _ context: CallContext) async throws -> IssuedSession {
        let owner = SessionOwner(tenantID: candidate.tenantID, userID: candidate.user.userID)
        let session = try await directory.transaction(deadline: context.deadline) { transaction in
            try await issuer.open(owner, in: transaction)
        }
        let confirmed = try await tenantData.write(
            candidate.tenantID,
            [CredentialTable.confirmSignIn(owner.userID, hash: candidate.user.passwordHash, now: .now())],
            purpose: "sign in", deadline: context.deadline)
        guard confirmed[0].first != nil else {
            try await revoker.revoke(user: owner.userID, deadline: context.deadline)
            throw IdentityError.signInFailed
        }
        return session
    }
}
