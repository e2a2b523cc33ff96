/// How a pool is shared out. See `PostgresSettings` for what an operator sets.
struct PoolLimits: Sendable, Hashable {
    /// Connections.
    var size: Int
    /// Waiters of all tenants, and of one: nobody alone fills the line.
    var waiterCountMax: Int
    var waiterOfTenantCountMax: Int
    /// What one tenant may have of the connections, in percent of those that are not lent to others.
    var tenantSharePercent = 50
    /// Long scans of all tenants that run at a time.
    var longScanCountMax = 2

    /// Scans of one tenant that wait for each other; more are refused at once. As many as a tenant has places of
    /// `AdmissionControl` with eight connections: many short lists at once are served one after the other, however many there are.
    static let scanWaiterOfTenantCountMax = 16
    /// How long a scan waits for its tenant's other scans. Longer, and the caller had better come back.
    static let scanWaitMax: UInt64 = 2_000_000_000
    /// How long a tenant waits for a connection that knows it rather than taking one that does not. A connection that meets a
    /// tenant works some 0.7 ms more and keeps 160 KB for it; several short transactions end within this time.
    static let patience: UInt64 = 5_000_000

    init(size: Int, waiterCountMax: Int, waiterOfTenantCountMax: Int? = nil) {
        precondition(size > 0 && waiterCountMax > 0)
        self.size = size
        self.waiterCountMax = waiterCountMax
        self.waiterOfTenantCountMax = waiterOfTenantCountMax ?? waiterCountMax
    }

    init(_ settings: PostgresSettings) {
        self.init(
            size: settings.poolSize, waiterCountMax: settings.waiterCountMax,
            waiterOfTenantCountMax: max(1, settings.waiterCountMax / 4))
        tenantSharePercent = settings.tenantSharePercent
        longScanCountMax = settings.longScanCountMax
    }
}
