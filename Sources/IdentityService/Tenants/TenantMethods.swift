import Contracts
import RPC
import Tenancy

/// steward.identity.v1.TenantService; the methods that do more than look have their files.
struct TenantMethods: TenantServiceCustomMethods {
    let directory: Directory
    let tenantData: TenantData
    let signInGuard: SignInGuard
    let hasher: PasswordHasher
    let setup: TenantSetup
    let revoker: SessionRevoker
    let feed: ChangeFeed

    func getTenant(_ request: GetTenantRequest, _ context: CallContext) async throws -> GetTenantResponse {
        _ = try context.requireOperator()
        let query: Query
        switch (request.id, request.workspace) {
        case (let id?, nil):
            query = TenantTable.find(try TenantMethods.tenantID(id))
        case (nil, let workspace?):
            query = TenantTable.find(workspace: SignInName.normalized(workspace))
        default:
            throw RPCError.invalidArgument(
                "ID_OR_WORKSPACE", "Give exactly one of id and workspace.", field: "id",
                domain: IdentityError.domain)
        }
        let rows = try await directory.read(query, deadline: context.deadline)
        guard let row = rows.first else { throw IdentityError.tenantNotFound }
        return GetTenantResponse(tenant: try TenantRow(row).message)
    }

    func listTenants(_ request: ListTenantsRequest, _ context: CallContext) async throws
        -> ListTenantsResponse
    {
        _ = try context.requireOperator()
        let size = Int(request.pageSize ?? 50)
        guard (1...TenantMethods.pageSizeMax).contains(size) else {
            throw RPCError.invalidArgument(
                "PAGE_SIZE_INVALID", "A page holds 1 to 1,000 tenants.", field: "page_size",
                domain: IdentityError.domain)
        }
        let token = request.pageToken ?? ""
        guard token.isEmpty || WorkspaceName(token) != nil else { throw IdentityError.pageTokenInvalid }
        let state = request.state == .unspecified ? nil : request.state
        let rows = try await directory.read(
            TenantTable.list(after: token, state: state, limit: size + 1), deadline: context.deadline)
        let tenants = try rows.prefix(size).map { try TenantRow($0) }
        return ListTenantsResponse(
            tenants: tenants.map(\.message), nextPageToken: rows.count > size ? tenants.last?.workspace : nil)
    }

    private static let pageSizeMax = 1_000

    static func tenantID(_ text: String?) throws -> TenantID {
        guard let id = TenantID(text ?? "") else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "A tenant's id is a UUID of 36 characters.", field: "id",
                domain: IdentityError.domain)
        }
        return id
    }
}

extension TenantRow {
    var message: Tenant {
        Tenant(
            id: id.description, workspace: workspace, displayName: displayName, state: state,
            createTime: createTime, updateTime: updateTime, purgeTime: purgeTime)
    }
}

extension TenantState {
    /// As people say it.
    var word: String {
        switch self {
        case .provisioning: "being set up"
        case .active: "active"
        case .suspended: "suspended"
        case .deleting: "being deleted"
        default: "in an unknown state"
        }
    }
}
