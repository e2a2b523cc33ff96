import Credentials
import IdentityContracts
import Postgres
import RPC
import Records
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
    let tokens: PageToken

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
        let caller = try context.requireOperator()
        let size = Int(request.pageSize ?? 50)
        guard (1...TenantMethods.pageSizeMax).contains(size) else {
            throw RPCError.invalidArgument(
                "PAGE_SIZE_INVALID", "A page holds 1 to 1,000 tenants.", field: "page_size",
                domain: IdentityError.domain)
        }
        let state = request.state == .unspecified ? nil : request.state
        let list = TenantMethods.list(of: state, for: caller)
        let last = try lastWorkspace(request.pageToken ?? "", list)
        let rows = try await directory.read(
            TenantTable.list(after: last, state: state, limit: size + 1), deadline: context.deadline)
        let tenants = try rows.prefix(size).map { try TenantRow($0) }
        let next = rows.count > size ? tenants.last : nil
        return ListTenantsResponse(
            tenants: tenants.map(\.message),
            nextPageToken: try next.map { try tokens.make(Array($0.workspace.utf8), list: list) })
    }

    /// The workspace after which a page begins; empty for the first page.
    private func lastWorkspace(_ token: String, _ list: [UInt8]) throws -> String {
        if token.isEmpty { return "" }
        guard let place = tokens.place(token, list: list) else { throw IdentityError.pageTokenInvalid }
        return String(decoding: place, as: UTF8.self)
    }

    /// What a page token belongs to: the operator and the state asked for.
    private static func list(of state: TenantState?, for caller: Caller) -> [UInt8] {
        TokenDigest.sha256(Array("tenants \(state?.rawValue ?? 0) ".utf8) + caller.userID.id.bytes)
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
