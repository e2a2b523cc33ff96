import CoreMetrics
import Synchronization
import Tenancy

/// The sessions attached to this gateway's connections, so that one that ends before its time can be cut off.
final class SessionRegistry: Sendable {
    private struct Entry: Sendable {
        weak let binding: SessionBinding?
        let tenantID: TenantID?
    }

    /// By session; a client may attach one session to several connections.
    private let entries = Mutex<[RecordID: [ObjectIdentifier: Entry]]>([:])
    private let attached: Meter

    /// - Parameter attached: how many connections have a session.
    init(attached: Meter) { self.attached = attached }

    func add(_ binding: SessionBinding) {
        attached.increment()
        entries.withLock { entries in
            entries[binding.sessionID, default: [:]][ObjectIdentifier(binding)] = Entry(
                binding: binding, tenantID: binding.tenantID)
        }
    }

    /// Once for each `add`.
    func remove(_ binding: SessionBinding) {
        attached.decrement()
        entries.withLock { entries in
            entries[binding.sessionID]?[ObjectIdentifier(binding)] = nil
            if entries[binding.sessionID]?.isEmpty == true { entries[binding.sessionID] = nil }
        }
    }

    func revoke(sessions: [RecordID], tenants: Set<TenantID>) {
        let ended = entries.withLock { entries in
            let bySession = sessions.flatMap { entries[$0].map { Array($0.values) } ?? [] }
            guard !tenants.isEmpty else { return bySession }
            let byTenant = entries.values.flatMap(\.values).filter { $0.tenantID.map(tenants.contains) ?? false }
            return bySession + byTenant
        }
        for entry in ended { entry.binding?.revoke() }
    }

    /// Ends may have gone unheard.
    func doubtAll() {
        for entry in entries.withLock({ $0.values.flatMap(\.values) }) { entry.binding?.doubt() }
    }
}
