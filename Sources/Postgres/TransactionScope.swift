import Reactor
package import Tenancy

/// What a transaction may do.
package enum TransactionAccess: Sendable, Hashable {
    /// One statement or several that need not agree with each other.
    case readOnly
    /// Several reads that see the same moment: a page and its count.
    case snapshot
    case readWrite

    var begin: ControlCommand {
        switch self {
        case .readOnly: .beginReadOnly
        case .snapshot: .beginSnapshot
        case .readWrite: .begin
        }
    }
}

/// What a schema must say of itself before a connection serves its tenant.
package struct SchemaStamp: Sendable, Hashable {
    /// Versions of the schema that the program understands.
    package let versions: ClosedRange<Int>
    /// The placement's epoch: when it changes, the stamp is read again.
    package let epoch: Int64

    package init(versions: ClosedRange<Int>, epoch: Int64) {
        self.versions = versions
        self.epoch = epoch
    }

    /// How long a stamp that was found right is believed.
    static let ageMax: UInt64 = 60_000_000_000
}

/// In whose name and within which bounds a transaction runs.
package struct TransactionScope: Sendable {
    package var access: TransactionAccess
    /// Fills the schema slots, and its role is assumed. Nil: no role is assumed and no slot can be filled.
    package var tenant: TenantID?
    /// False for the owner of the schemas, who migrates them as itself.
    package var assumesRole = true
    package var service: ServiceName
    package var stamp: SchemaStamp?
    /// Monotonic nanoseconds. Nothing of the transaction runs later, except a COMMIT that was already sent.
    package var deadline: UInt64
    /// Set when this is what the deadline comes from, and not whoever waits.
    private(set) var readTimeout: Duration?
    /// Waiting for a lock at most this many milliseconds; nil leaves it to the deadline.
    package var lockTimeoutMilliseconds: Int?

    /// The schema that fills the slots.
    var slot: SlotKey? { tenant.map { SlotKey(tenantID: $0, service: service) } }

    package init(
        access: TransactionAccess, tenant: TenantID?, service: ServiceName, stamp: SchemaStamp? = nil,
        deadline: UInt64, lockTimeoutMilliseconds: Int? = nil
    ) {
        self.access = access
        self.tenant = tenant
        self.service = service
        self.stamp = stamp
        self.deadline = deadline
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
    }

    /// The same with the time that a transaction of this kind may take from now on.
    func bounded(by readTimeout: Duration?) -> TransactionScope {
        guard access != .readWrite, let readTimeout else { return self }
        let end = MonotonicTime.moment(readTimeout, after: MonotonicTime.now())
        guard end < deadline else { return self }
        var bounded = self
        bounded.deadline = end
        bounded.readTimeout = readTimeout
        return bounded
    }
}
