import Contracts
import RPC
import Tenancy

/// steward.identity.v1.AuthenticationService; each method has its file.
struct AuthenticationMethods: AuthenticationServiceCustomMethods {
    let directory: Directory
    let tenantData: TenantData
    let hasher: PasswordHasher
    let signInGuard: SignInGuard
    let issuer = SessionIssuer()
    let revoker: SessionRevoker
    let policies: LocalPolicies
}

extension CallContext {
    /// Metadata in which the gateway tells the address of its client.
    static let clientAddressKey = "steward-client-address"

    /// Address of the client as the gateway tells it; nobody else is believed.
    var clientAddress: String? {
        peer == .program(.gateway) ? metadata.text(CallContext.clientAddressKey) : nil
    }
}
