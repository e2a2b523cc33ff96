import IdentityContracts
import RPC
import Records
import Tenancy

/// steward.identity.v1.AuthenticationService; each method has its file.
struct AuthenticationMethods: AuthenticationServiceCustomMethods {
    let directory: Directory
    let tenantData: TenantData
    let hasher: PasswordHasher
    let passwordCheck: PasswordCheck
    let issuer = SessionIssuer()
    let revoker: SessionRevoker
    let policies: LocalPolicies
    let catalogue: RoleCatalogue
    let engine: RecordEngine
    let users: RecordType
}
