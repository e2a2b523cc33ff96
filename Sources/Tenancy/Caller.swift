/// Who makes a call, as identity states it and the service has verified it. The tenant of everything the call does comes
/// from here, never from the request.
package struct Caller: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A user of a tenant.
        case user
        /// An operator of the installation, who belongs to no tenant and sees no tenant's records.
        case `operator`
        /// A program that calls another one for a user, with his rights of now. Stated by identity for its own calls, and good on those only.
        case program(Purpose)
        /// A program that calls another one for a workspace itself, with the rights of the purpose. Stated by identity for programs that
        /// may, and good on their calls only.
        case service(Purpose)
    }

    package let kind: Kind
    /// Nil for an operator.
    package let tenantID: TenantID?
    /// `nobody` where a program calls for a workspace itself.
    package let userID: UserID
    /// Nil for a program's call, which is made in none.
    package let sessionID: RecordID?
    /// Version of the tenant's policy when identity stated this; a service whose policy is older fetches the newer one.
    package let policyEpoch: Int64
    /// When the statement ends, at most 60 s after it was made.
    package let expireTime: Timestamp
    /// Name of the workspace, for logs; empty for an operator.
    package let workspace: String

    package init(
        kind: Kind, tenantID: TenantID?, userID: UserID, sessionID: RecordID?, policyEpoch: Int64,
        expireTime: Timestamp, workspace: String
    ) {
        self.kind = kind
        self.tenantID = tenantID
        self.userID = userID
        self.sessionID = sessionID
        self.policyEpoch = policyEpoch
        self.expireTime = expireTime
        self.workspace = workspace
    }
}

/// Where the data that one tenant keeps with one service is.
package struct Placement: Hashable, Sendable {
    package let tenantID: TenantID
    package let service: ServiceName
    /// Name of the database in the service's settings.
    package let database: String
    /// Number of the partition login that is a member of the tenant's role, from 0.
    package let partition: Int
    /// Rises when the data moves.
    package let epoch: Int64

    package init(tenantID: TenantID, service: ServiceName, database: String, partition: Int, epoch: Int64) {
        self.tenantID = tenantID
        self.service = service
        self.database = database
        self.partition = partition
        self.epoch = epoch
    }
}
