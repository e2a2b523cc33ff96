import IdentityContracts
import Logging
import Observability
import Postgres
import RPC
import Records
import Tenancy
import Text

/// Suspending, activating and deleting. Each may be repeated: a tenant that is in the wanted state already is given
/// as it is.
extension TenantMethods {
    /// A day is what the directory insists on too: it is left to whoever notices that a workspace should not have been deleted.
    static let graceDays = 1...90
    static let graceDaysDefault = 30

    func suspendTenant(_ request: SuspendTenantRequest, _ context: CallContext) async throws
        -> SuspendTenantResponse
    {
        _ = try context.requireOperator()
        let comment = TextForm.normalized(request.comment ?? "")
        if let violation = TextRule(.multiLine, lengthMax: 500).violation(of: comment, field: "comment") {
            throw RPCError.invalidArgument([violation], domain: IdentityError.domain)
        }
        let id = try TenantMethods.tenantID(request.id)
        let tenant = try await change(id, context) { tenant, now in
            switch tenant.state {
            case .suspended: return nil
            case .active: return TenantTable.setState(id, .suspended, comment: comment, now: now)
            default: throw IdentityError.tenantState(tenant.state.word, needs: "active")
            }
        }
        try await revoker.revoke(tenant: id, deadline: context.deadline)
        return SuspendTenantResponse(tenant: tenant.message)
    }

    func activateTenant(
        _ request: ActivateTenantRequest, _ context: CallContext
    ) async throws -> ActivateTenantResponse {
        _ = try context.requireOperator()
        let id = try TenantMethods.tenantID(request.id)
        let tenant = try await change(id, context) { tenant, now in
            switch tenant.state {
            case .active: return nil
            case .suspended, .deleting: return TenantTable.setState(id, .active, now: now)
            default: throw IdentityError.tenantState(tenant.state.word, needs: TenantMethods.activatable)
            }
        }
        return ActivateTenantResponse(tenant: tenant.message)
    }

    func deleteTenant(_ request: DeleteTenantRequest, _ context: CallContext) async throws
        -> DeleteTenantResponse
    {
        _ = try context.requireOperator()
        let days = Int(request.graceDays ?? Int32(TenantMethods.graceDaysDefault))
        guard TenantMethods.graceDays.contains(days) else {
            throw RPCError.invalidArgument(
                "OUT_OF_RANGE", "The grace is 1 to 90 days.", field: "grace_days",
                domain: IdentityError.domain)
        }
        let id = try TenantMethods.tenantID(request.id)
        let tenant = try await change(id, context) { tenant, now in
            guard SignInName.normalized(request.workspace ?? "") == tenant.workspace else {
                throw IdentityError.workspaceMismatch
            }
            switch tenant.state {
            case .deleting: return nil
            case .active, .suspended:
                return TenantTable.setState(id, .deleting, graceDays: days, now: now)
            default: throw IdentityError.tenantState(tenant.state.word, needs: "active or suspended")
            }
        }
        try await revoker.revoke(tenant: id, deadline: context.deadline)
        return DeleteTenantResponse(tenant: tenant.message)
    }

    private static let activatable = "suspended, or deleted and within its grace"

    /// Locks the tenant, lets `decide` choose the change, if any, makes it and tells the services.
    private func change(
        _ id: TenantID, _ context: CallContext, _ decide: (TenantRow, Timestamp) throws -> Query?
    ) async throws -> TenantRow {
        let tenant = try await directory.transaction(deadline: context.deadline) { transaction in
            guard let row = try await transaction.query(TenantTable.lock(id)).first else {
                throw IdentityError.tenantNotFound
            }
            let tenant = try TenantRow(row)
            guard let change = try decide(tenant, .now()) else { return tenant }
            guard let changed = try await transaction.query(change).first else {
                throw IdentityError.tenantState(tenant.state.word, needs: TenantMethods.activatable)
            }
            return try TenantRow(changed)
        }
        feed.announce(PolicyChangeEvent(tenantID: id, epoch: tenant.policyEpoch))
        context.logger.notice(
            "an operator changed the state of a tenant",
            metadata: [LogKey.tenantID: "\(id)", LogKey.tenantState: "\(tenant.state.word)"])
        return tenant
    }
}
