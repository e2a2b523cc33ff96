import Contracts
import RPC
import Reactor
import Records
import Tenancy
import Work

extension Host {
    /// Runs the jobs of a service for as long as it serves; for programs that get policies from identity.
    func run(_ jobs: [JobDefinition], standing: [StandingWork], _ engine: RecordEngine) {
        let client = PolicyServiceClient(channel: channel(to: .identity))
        let work = JobHost(
            jobs, standing: standing, engine,
            tenants: { [name] last in
                let answer = try await client.listServedTenants(
                    ListServedTenantsRequest(service: name.rawValue, afterTenantID: last?.id.bytes),
                    options: CallOptions(timeout: HostLimits.policyFetchTimeout))
                return answer.tenantIDs.compactMap { RecordID(bytes: $0) }.map { TenantID($0) }
            }, loop: loops.next(), logger: logger, metrics: metrics)
        policies.listen(changed: { work.heard(of: $0) }, synchronised: { work.listAgain() })
        work.start()
        onStop { work.stop() }
        onDrain { await work.drain() }
    }

    /// What tells the mirrors that other services have of records of this one.
    func pushes(_ feeds: [MirrorFeed], _ engine: RecordEngine) -> [MirrorPush] {
        guard !feeds.isEmpty else { return [] }
        let (tokens, meter) = (ProgramTokens(channel(to: .identity)), FeedMeter(metrics))
        return feeds.map { feed in
            MirrorPush(feed, engine, meter: meter, records: MirrorMeter(metrics)) { [self] tenant, receiver in
                let channel = tokens.channel(channel(to: receiver), tenant, for: .mirrorRecords, at: receiver)
                return (MirrorServiceClient(channel: channel), CallOptions(timeout: HostLimits.mirrorTimeout))
            }
        }
    }
}
