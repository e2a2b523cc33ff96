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

    /// The way to the other services whose records are rolled up here, and that roll up records of this one.
    func rollUpPeers(_ tokens: ProgramTokens) -> RollUpPeers {
        let services = Topology.peers(of: name).filter(Installation.current.recordServices.contains)
        return RollUpPeers(services) { [self] tenant, service in
            let channel = tokens.channel(channel(to: service), tenant, for: .exchangeRollUps, at: service)
            return (RollUpServiceClient(channel: channel), CallOptions(timeout: HostLimits.rollUpTimeout))
        }
    }

    /// What tells the mirrors that other services have of records of this one.
    func pushes(_ feeds: [MirrorFeed], _ engine: RecordEngine, _ tokens: ProgramTokens) -> [MirrorPush] {
        let meter = FeedMeter(metrics)
        return feeds.map { feed in
            MirrorPush(feed, engine, meter: meter, records: MirrorMeter(metrics)) { [self] tenant, receiver in
                let channel = tokens.channel(channel(to: receiver), tenant, for: .mirrorRecords, at: receiver)
                return (MirrorServiceClient(channel: channel), CallOptions(timeout: HostLimits.mirrorTimeout))
            }
        }
    }
}
