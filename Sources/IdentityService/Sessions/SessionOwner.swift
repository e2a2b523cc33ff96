import Postgres
import RPC
import Tenancy

/// Whose session it is. The id of a user says so together with the tenant only: whoever creates a user may choose the id,
/// so that it may be another tenant's user's, too, or an operator's.
struct SessionOwner: Hashable, Sendable {
    /// Nil for an operator.
    let tenantID: TenantID?
    let userID: UserID
}

extension Caller {
    /// Whose session the call is made in.
    var sessionOwner: SessionOwner { SessionOwner(tenantID: tenantID, userID: userID) }
}

extension Parameters {
    /// Binds two values: the tenant, NULL for an operator, and the user.
    mutating func append(_ owner: SessionOwner) {
        append(owner.tenantID?.id)
        append(owner.userID.id)
    }
}
