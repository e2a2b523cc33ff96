import Credentials
import IdentityContracts
import Logging
import Observability
import RPC
import Records
import Tenancy
import Text

extension TenantMethods {
    func createTenant(_ request: CreateTenantRequest, _ context: CallContext) async throws
        -> CreateTenantResponse
    {
        let caller = try context.requireOperator()
        let wish = try TenantWish(request)
        if let known = try await existing(wish, caller, context) { return known }
        let now = Timestamp.now()
        let tenant = NewTenant(
            id: TenantID(.make()), workspace: wish.workspace, displayName: wish.displayName,
            adminUserID: UserID(.make()), operatorID: caller.userID, requestID: context.requestID,
            fingerprint: wish.fingerprint)
        let work = TenantSetupRow(
            tenantID: tenant.id, adminEmail: wish.adminEmail.text, adminDisplayName: wish.adminDisplayName,
            adminPasswordHash: try await hasher.hash(wish.adminPassword, from: context.clientNetwork),
            startTime: now)
        guard try await setup.begin(tenant, work, now: now, deadline: context.deadline) else {
            // Somebody took the name a moment ago; perhaps it was this request, sent twice.
            guard let known = try await existing(wish, caller, context) else {
                throw IdentityError.setupInProgress
            }
            return known
        }
        context.logger.info("a tenant is being created", metadata: [LogKey.tenantID: "\(tenant.id)"])
        return try await finish(work, wish, context)
    }

    /// The tenant, if this request created it before; nil when the name is free.
    private func existing(
        _ wish: TenantWish, _ caller: Caller, _ context: CallContext
    ) async throws -> CreateTenantResponse? {
        let rows = try await directory.read(
            TenantTable.find(workspace: wish.workspace.text), deadline: context.deadline)
        guard let tenant = try rows.first.map({ try TenantRow($0) }) else { return nil }
        guard let requestID = context.requestID, requestID == tenant.requestID,
            caller.userID == tenant.operatorID
        else { throw IdentityError.workspaceTaken(wish.workspace.text) }
        guard tenant.fingerprint == wish.fingerprint else { throw IdentityError.requestIDReused }
        if tenant.state != .provisioning { return response(tenant) }
        guard let work = try await setup.lease(tenant.id, deadline: context.deadline) else {
            throw IdentityError.setupInProgress
        }
        return try await finish(work, wish, context)
    }

    private func finish(
        _ work: TenantSetupRow, _ wish: TenantWish, _ context: CallContext
    ) async throws -> CreateTenantResponse {
        do {
            return response(try await setup.run(work, deadline: context.deadline))
        } catch {
            context.logger.error("a tenant could not be set up", metadata: [LogKey.error: "\(LogText.of(error))"])
            throw IdentityError.setupDelayed(workspace: wish.workspace.text, cause: error)
        }
    }

    private func response(_ tenant: TenantRow) -> CreateTenantResponse {
        CreateTenantResponse(tenant: tenant.message, adminUserID: tenant.adminUserID.description)
    }
}

/// A checked request to create a tenant.
private struct TenantWish {
    let workspace: WorkspaceName
    let displayName: String
    let adminEmail: EmailAddress
    let adminDisplayName: String
    let adminPassword: Password

    init(_ request: CreateTenantRequest) throws {
        let email = request.adminEmail ?? ""
        adminPassword = Password(request.adminPassword ?? "")
        displayName = TextForm.normalized(request.displayName ?? "")
        adminDisplayName = TextForm.normalized(request.adminDisplayName ?? "")
        let names = PasswordNames(
            email: SignInName.normalized(email), workspace: SignInName.normalized(request.workspace ?? ""),
            displayName: adminDisplayName)
        let violations = [
            WorkspaceName.violation(of: request.workspace ?? "", field: "workspace"),
            TextRule.displayName.violation(ofRequired: displayName, field: "display_name"),
            EmailAddress.violation(of: email, field: "admin_email"),
            TextRule.displayName.violation(ofRequired: adminDisplayName, field: "admin_display_name"),
            PasswordRules.violation(of: adminPassword, names, field: "admin_password"),
        ].compactMap(\.self)
        guard violations.isEmpty, let workspace = WorkspaceName(request.workspace ?? ""),
            let adminEmail = EmailAddress(email)
        else { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
        self.workspace = workspace
        self.adminEmail = adminEmail
    }

    /// Digest of what is asked for, without the password: a plain digest of it would be a gift to whoever reads the
    /// directory.
    var fingerprint: [UInt8] {
        TokenDigest.sha256(
            Array(
                [workspace.text, displayName, adminEmail.text, adminDisplayName].joined(separator: "\u{0}")
                    .utf8))
    }
}
