import AccessControl
import Logging
import Observability
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TenantDatabase
import Text

// Taking jobs and giving them back: short transactions beside those of the steps.
extension JobRunner {
    /// How long such a transaction may take.
    private static let timeout: Duration = .seconds(5)

    func worker(_ tenant: TenantID) -> TenantActor { TenantActor(tenant, purpose: .runJobs, onBehalfOf: nil) }

    /// Takes what is due. A workspace that is not active, or cannot be reached, keeps its jobs for later.
    func look(at tenant: TenantID, countMax: Int) async -> (taken: [HeldJob], next: Timestamp?) {
        do {
            guard try await engine.policies.snapshot(of: tenant, minEpoch: 0).isActive else { return ([], nil) }
            try await plant(tenant)
            let now = clock.now()
            let end = now.advanced(by: limits.lease)
            let results = try await batch(
                tenant,
                [
                    JobStatements.claim(names, countMax: countMax, by: id, at: now, until: end),
                    JobStatements.nextDue(names, for: id),
                ])
            let taken = try results[0].map { row in
                let name = try row.string(1)
                return HeldJob(
                    tenantID: tenant, name: name, userID: try row.optionalID(2).map { UserID($0) },
                    lease: JobLease(jobID: try row.id(0), holderID: id, number: try row.int64(3)),
                    isFreeInSteps: definitions[name]?.callsOthers == true, until: end, limits)
            }
            for (job, row) in zip(taken, results[0]) where try row.bool(5) {
                meter.begun(job.name, late: now.microseconds - (try row.timestamp(4)).microseconds)
            }
            let open = try results[1].one()
            // What is due and was not taken is in others' hands.
            let pause = taken.count < countMax ? now.advanced(by: limits.pause) : now
            let due = try open.optionalTimestamp(0).map { max($0, pause) }
            let other = try open.bool(1) ? now.advanced(by: limits.otherLook) : nil
            return (taken, [due, other].compactMap(\.self).min())
        } catch let error as RPCError where error.code == .permissionDenied || error.code == .notFound {
            // It is gone. Should it come back, identity says so.
            leave(tenant)
            return ([], nil)
        } catch {
            logger.debug(
                "a workspace's jobs could not be looked at",
                metadata: [LogKey.tenantID: "\(tenant)", LogKey.error: "\(LogText.of(error))"])
            return ([], clock.now().advanced(by: limits.pause))
        }
    }

    /// Gives each schedule its next run where it has none: in a new workspace, of a new job.
    private func plant(_ tenant: TenantID) async throws {
        guard !planted.withLock({ $0.contains(tenant) }) else { return }
        let now = clock.now()
        var runs: [Query] = []
        let zone = try await zone(tenant)
        for definition in definitions.values {
            guard let moment = definition.schedule?.next(after: now, in: zone) else { continue }
            runs.append(JobStatements.insert(definition.run(at: moment, in: tenant), id: .make(), at: now))
        }
        if !runs.isEmpty { _ = try await batch(tenant, runs) }
        planted.withLock { _ = $0.insert(tenant) }
    }

    /// Makes leases longer. Whoever has lost one finds it in the next step; what could not be asked is asked again.
    func renew(_ jobs: [HeldJob]) async -> [HeldJob] {
        await tenantByTenant(jobs) { tenant, jobs in
            let now = self.clock.now()
            let end = now.advanced(by: self.limits.lease)
            let results = try? await self.batch(tenant, jobs.map { JobStatements.renew($0.lease, until: end) })
            return jobs.enumerated().map { index, job in
                switch results?[index].isEmpty {
                case false: job.leased(until: end, self.limits)
                case true: job.renewed(at: .never)
                case nil: job.renewed(at: now.advanced(by: self.limits.lease / 8))
                }
            }
        }
    }

    /// All tenants at once, since one whose connections are taken lets the leases of no other end.
    private func tenantByTenant(
        _ jobs: [HeldJob], _ body: @escaping @Sendable (TenantID, [HeldJob]) async -> [HeldJob]
    ) async -> [HeldJob] {
        await withTaskGroup(of: [HeldJob].self) { group in
            for (tenant, jobs) in Dictionary(grouping: jobs, by: \.tenantID) {
                group.addTask { await body(tenant, jobs) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Gives jobs back: anybody may take them at once. What cannot be given back is taken when its lease ends.
    func release(_ jobs: [HeldJob]) async {
        for held in jobs {
            do {
                _ = try await change(held) { $0.release(at: self.clock.now()) }
            } catch {
                note(error, of: held, "a job could not be given back")
            }
        }
    }

    /// Changes a job if the lease is still held.
    /// - Returns: nil when it is not.
    func change(_ held: HeldJob, _ change: (inout Job) -> Void) async throws -> Job? {
        let zone = try await zone(held.tenantID)
        let deadline = Deadline.after(Self.timeout).nanoseconds
        do {
            return try await database.transaction(worker(held.tenantID), deadline: deadline) { sql in
                guard let row = try await sql.query(JobStatements.lock(held.lease)).first else { return nil }
                var job = try Job(locked: row)
                change(&job)
                for query in self.storing(job, of: held.tenantID, zone) { try sql.enqueue(query) }
                return job
            }
        } catch {
            throw engine.translate(error)
        }
    }

    func note(_ error: any Error, of job: HeldJob, _ message: Logger.Message) {
        logger.warning(
            message,
            metadata: [
                LogKey.tenantID: "\(job.tenantID)", LogKey.jobID: "\(job.lease.jobID)", LogKey.jobName: "\(job.name)",
                LogKey.error: "\(LogText.of(error))",
            ])
    }

    private func batch(_ tenant: TenantID, _ queries: [Query]) async throws -> [Rows] {
        try await database.batch(
            worker(tenant), deadline: Deadline.after(Self.timeout).nanoseconds,
            queries.map { ($0.statement, $0.parameters) })
    }
}
