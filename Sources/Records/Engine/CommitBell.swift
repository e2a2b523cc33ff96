import Synchronization
package import Tenancy

/// Tells programs of this process, after a COMMIT, that it left something for them to do. A hint: who must not miss anything looks now
/// and then, too, since other instances write as well.
package final class CommitBell: Sendable {
    private let listeners = Mutex<[@Sendable (TenantID) -> Void]>([])

    /// - Parameter listener: called by whoever wrote, so it returns at once.
    package func listen(_ listener: @escaping @Sendable (TenantID) -> Void) {
        listeners.withLock { $0.append(listener) }
    }

    package func ring(_ tenant: TenantID) {
        for listener in listeners.withLock({ $0 }) { listener(tenant) }
    }
}
