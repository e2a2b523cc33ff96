package import AccessControl
import Contracts
package import CoreMetrics
package import Logging
import Observability
package import RPC
package import Reactor
import Synchronization
package import Tenancy
import TenantDatabase

/// The policies and placements of tenants, pushed by identity: a stream tells whose changed, and what is asked for is
/// fetched once and kept until then.
///
/// Without a sign of life for `HostLimits.policySilenceMax` writes are refused: a right may have been withdrawn
/// unheard. Reads go on with what is known.
package final class PolicySubscription: PolicySource, PlacementSource {
    private let client: PolicyServiceClient
    private let loop: EventLoop
    private let logger: Logger
    private let cache = PolicyCache()
    /// Monotonic nanoseconds of the last sign of life; 0 before the first.
    private let lastSign = Atomic<UInt64>(0)
    /// Whether the present stream has been heard of; before that, changes may have gone unheard.
    private let isSynchronised = Atomic<Bool>(false)
    private let watcher = Mutex<Task<Void, Never>?>(nil)
    private let listener = Mutex<Listener?>(nil)
    private let fetches: Counter
    private let age: Gauge
    private let tenants: Gauge

    /// Uses the channel to identity; `start` opens the stream on `loop`.
    package init(channel: any RPCChannel, loop: EventLoop, logger: Logger, factory: any MetricsFactory) {
        client = PolicyServiceClient(channel: channel)
        self.loop = loop
        self.logger = logger
        fetches = Counter(label: MetricName.policyFetches, factory: factory)
        age = Gauge(label: MetricName.policyAge, factory: factory)
        tenants = Gauge(label: MetricName.policyTenants, factory: factory)
    }

    /// Opens the stream and keeps it open until `stop`.
    package func start() {
        let task = loop.spawn { [weak self] in await self?.watch() }
        watcher.withLock { $0 = task }
    }

    /// Ends the stream.
    package func stop() { watcher.withLock { $0?.cancel() } }

    private struct Listener: Sendable {
        let changed: @Sendable (TenantID) -> Void
        let synchronised: @Sendable () -> Void
    }

    /// Has somebody told of each tenant whose policy or placement changed, and when changes before may have gone unheard. Both return
    /// at once.
    package func listen(
        changed: @escaping @Sendable (TenantID) -> Void, synchronised: @escaping @Sendable () -> Void
    ) {
        listener.withLock { $0 = Listener(changed: changed, synchronised: synchronised) }
    }

    // MARK: - PolicySource, PlacementSource

    package func snapshot(of tenant: TenantID, minEpoch: Int64) async throws -> PolicySnapshot {
        if let known = cache.known(tenant, minEpoch: minEpoch) { return known }
        return try await cache.policy(of: tenant, minEpoch: minEpoch, loop: loop) { try await self.fetch(tenant) }
    }

    package func requireFreshForWrite() throws {
        guard isSilent else { return }
        throw RPCError.unavailable(
            "POLICY_STALE",
            "Rights may have changed unheard, so that only reading works at the moment; nothing was stored. Try again.",
            retryDelay: .seconds(1))
    }

    package func placement(of tenant: TenantID, service: ServiceName) async throws -> Placement {
        guard let placement = try await snapshot(of: tenant, minEpoch: 0).placement(of: service) else {
            throw RPCError.unavailable(
                "TENANT_NOT_PLACED",
                "The workspace has no data with \(service.rawValue) yet; try again shortly.",
                retryDelay: .seconds(1))
        }
        return placement
    }

    /// Why nothing can be decided, for `/readyz`: since its start the program has heard nothing; nil when it has.
    package var readinessProblem: String? { lastSign.load(ordering: .relaxed) == 0 ? Self.silence : nil }

    /// Why writes are refused, while reads go on with what is known; nil when they are not.
    package var writingProblem: String? { isSilent ? Self.silence : nil }

    private static let silence =
        "no sign of life from identity; is it running, with its database, and reachable under peers.identity?"

    // MARK: - Fetching

    private func fetch(_ tenant: TenantID) async throws -> PolicySnapshot {
        fetches.increment()
        do {
            let response = try await client.getPolicy(
                GetPolicyRequest(tenantID: tenant.id.bytes),
                options: CallOptions(timeout: HostLimits.policyFetchTimeout))
            guard let policy = response.policy,
                let snapshot = PolicySnapshot(policy, knowing: cache.model(of: tenant)),
                snapshot.tenantID == tenant
            else {
                throw RPCError(
                    .internal, reason: "POLICY_MALFORMED", "identity sent a policy that cannot be read.")
            }
            return snapshot
        } catch let error as RPCError where error.code == .notFound {
            throw RPCError.permissionDenied("TENANT_NOT_SERVED", "The workspace does not exist any more.")
        } catch let error as RPCError {
            throw RPCError.unavailable(
                "POLICY_UNAVAILABLE",
                "The workspace's rights cannot be looked up at the moment, and nothing was done; try again.",
                retryDelay: .seconds(1), cause: error)
        }
    }

    // MARK: - The stream

    private func watch() async {
        var wait = HostLimits.policyRetryFirst
        while !Task.isCancelled {
            do {
                for try await response in try await client.watchPolicies(WatchPoliciesRequest()) {
                    heard(response)
                    wait = HostLimits.policyRetryFirst
                }
            } catch {
                if Task.isCancelled { return }
                // Once is news; that it goes on tells the metric of the age.
                let level: Logger.Level = isSynchronised.load(ordering: .relaxed) ? .warning : .debug
                logger.log(
                    level: level, "the stream of policies broke", metadata: [LogKey.error: "\(LogText.of(error))"])
            }
            isSynchronised.store(false, ordering: .relaxed)
            try? await loop.sleep(for: wait)
            wait = min(wait * 2, HostLimits.policyRetryLongest)
        }
    }

    private func heard(_ response: WatchPoliciesResponse) {
        let listener = listener.withLock { $0 }
        if !isSynchronised.exchange(true, ordering: .relaxed) {
            cache.forgetAll()
            listener?.synchronised()
        }
        for change in response.changes {
            guard let tenant = change.tenantID.flatMap({ RecordID(bytes: $0) }) else { continue }
            cache.announce(TenantID(tenant), epoch: change.epoch ?? .max)
            listener?.changed(TenantID(tenant))
        }
        lastSign.store(MonotonicTime.now(), ordering: .relaxed)
    }

    /// Nothing was heard for too long.
    private var isSilent: Bool {
        let last = lastSign.load(ordering: .relaxed)
        return last == 0
            || MonotonicTime.moment(HostLimits.policySilenceMax, after: last) < MonotonicTime.now()
    }

    /// Writes the age and the number of what is known into the metrics; called by the probe of the process.
    package func measure() {
        let last = lastSign.load(ordering: .relaxed)
        age.record(last == 0 ? -1 : Double(MonotonicTime.now() - last) / 1e9)
        tenants.record(cache.count)
    }
}
