import Synchronization
import Tenancy

/// A tenant's policy or placement has a new version.
struct PolicyChangeEvent: Hashable, Sendable {
    let tenantID: TenantID
    let epoch: Int64
}

/// Sessions that ended before their time.
struct RevocationEvent: Hashable, Sendable {
    var sessionIDs: [RecordID] = []
    var tenantIDs: [TenantID] = []
}

/// What the other programs are told as it happens: changes of policies and ended sessions. An instance of identity
/// announces its own at once and finds those of other instances in the directory; each is announced once.
final class ChangeFeed: Sendable {
    /// An empty list is a sign of life.
    let policies = Broadcast<[PolicyChangeEvent]>()
    /// An empty event is a sign of life.
    let revocations = Broadcast<RevocationEvent>()

    private struct Known {
        var epochs: [TenantID: (epoch: Int64, seen: Timestamp)] = [:]
        var sessions: [RecordID: Timestamp] = [:]
    }

    private let known = Mutex(Known())
    private let policyChanged: @Sendable (TenantID) -> Void

    /// `policyChanged` is called for each change of a policy before the watchers are told.
    init(policyChanged: @escaping @Sendable (TenantID) -> Void = { _ in }) {
        self.policyChanged = policyChanged
    }

    func announce(_ change: PolicyChangeEvent) {
        announce([change])
    }

    /// Announces those that were not announced before.
    func announce(_ changes: [PolicyChangeEvent], now: Timestamp = .now()) {
        let fresh = known.withLock { known in
            changes.filter { change in
                if let last = known.epochs[change.tenantID], last.epoch >= change.epoch { return false }
                known.epochs[change.tenantID] = (change.epoch, now)
                return true
            }
        }
        guard !fresh.isEmpty else { return }
        for change in fresh { policyChanged(change.tenantID) }
        policies.send(fresh)
    }

    /// Announces those that were not announced before.
    func announce(endedSessions ids: [RecordID], now: Timestamp = .now()) {
        let fresh = known.withLock { known in
            ids.filter { known.sessions.updateValue(now, forKey: $0) == nil }
        }
        if !fresh.isEmpty { revocations.send(RevocationEvent(sessionIDs: fresh)) }
    }

    func announce(endedTenant id: TenantID) {
        revocations.send(RevocationEvent(tenantIDs: [id]))
    }

    func beat() {
        policies.send([])
        revocations.send(RevocationEvent())
    }

    /// Forgets what was announced before `moment` and will not be found in the directory again.
    func forget(before moment: Timestamp) {
        known.withLock { known in
            known.epochs = known.epochs.filter { $0.value.seen >= moment }
            known.sessions = known.sessions.filter { $0.value >= moment }
        }
    }
}
