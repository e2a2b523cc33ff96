import AccessControl
package import Contracts
import Logging
import Observability
import Postgres
package import RPC
package import Records
package import Tenancy
import TenantDatabase

/// TenantJobService of a service: operators see which jobs of workspaces need somebody, and have them go on or give them up. They see no
/// record: neither what a job was asked for nor what became of single records.
package struct TenantJobMethods: Sendable {
    private let engine: RecordEngine
    private let jobs: [String: JobDefinition]
    private let methods: TenantJobServiceOf
    /// By which jobs are late.
    private let now: @Sendable () -> Timestamp

    package init(
        _ engine: RecordEngine, _ jobs: [JobDefinition], _ methods: TenantJobServiceOf,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        (self.engine, self.methods, self.now) = (engine, methods, now)
        self.jobs = Dictionary(uniqueKeysWithValues: jobs.map { ($0.name, $0) })
    }

    package func register(on router: inout Router) {
        router.serve(methods.listTenantJobs, listTenantJobs)
        router.serve(methods.retryTenantJob, retryTenantJob)
        router.serve(methods.abandonTenantJob, abandonTenantJob)
    }

    /// How long what is due may wait for a program until it counts as not taken.
    private static let patience = Duration.seconds(600)
    private static let readTimeout = Duration.seconds(1)
    private static let tenantsMax = 100
    private static let jobsOfTenantMax = 100

    /// One workspace after the other: whoever asks about many holds one connection.
    private func listTenantJobs(
        _ request: ListTenantJobsRequest, _ context: CallContext
    ) async throws -> ListTenantJobsResponse {
        _ = try context.requireOperator()
        guard (1...Self.tenantsMax).contains(request.tenantIDs.count) else {
            throw TenantJobError.tenantCount(request.tenantIDs.count, max: Self.tenantsMax)
        }
        let tenants = try request.tenantIDs.map { try tenant($0, field: "tenant_ids") }
        var response = ListTenantJobsResponse()
        for tenant in tenants {
            do {
                let (found, isActive) = try await find(request, tenant, context)
                if found.count > Self.jobsOfTenantMax { response.cappedTenantIDs.append(tenant.description) }
                let now = now()
                response.jobs += found.prefix(Self.jobsOfTenantMax).map { told($0, of: tenant, isActive, at: now) }
            } catch let error as RPCError where !context.deadline.isPast && error.code != .cancelled {
                response.unasked.append(UnaskedTenant(tenantID: tenant.description, reason: error.reason))
            }
        }
        return response
    }

    private func find(
        _ request: ListTenantJobsRequest, _ tenant: TenantID, _ context: CallContext
    ) async throws -> (jobs: [Job], isActive: Bool) {
        let isActive = try await isActive(tenant)
        do {
            let names = request.withSingleService == true ? nil : jobs.values.filter(\.callsOthers).map(\.name).sorted()
            let query = TenantJobStatements.list(
                names, isEachOpen: request.withHealthy == true, at: now(),
                // Whatever is due in a workspace that is not active waits for that.
                patience: isActive ? Self.patience : .zero, countMax: Self.jobsOfTenantMax + 1)
            // One that does not answer hides no other.
            let deadline = min(context.deadline, .after(Self.readTimeout))
            let rows = try await engine.database.read(
                worker(tenant), deadline: deadline.nanoseconds, query.statement, query.parameters)
            return (try rows.map { try Job($0) }, isActive)
        } catch {
            throw engine.translate(error)
        }
    }

    private func retryTenantJob(
        _ request: RetryTenantJobRequest, _ context: CallContext
    ) async throws -> RetryTenantJobResponse {
        let job = try await change(request.tenantID, request.id, methods.retryTenantJob, context) { job, now in
            // Whoever asks again, since the answer was lost, has what he wants.
            if job.state.isOpen, job.cancelAskedAt == nil { return nil }
            guard job.state == .failed, job.scheduledAt == nil else { throw JobError.notRetryable(job) }
            return JobStatements.retry(job.id, at: now)
        }
        return RetryTenantJobResponse(job: job)
    }

    private func abandonTenantJob(
        _ request: AbandonTenantJobRequest, _ context: CallContext
    ) async throws -> AbandonTenantJobResponse {
        let isLeftAsIs = request.leaveAsIs == true
        let job = try await change(request.tenantID, request.id, methods.abandonTenantJob, context) { job, now in
            switch job.state {
            case .cancelled: nil
            case .done: throw JobError.ended(job)
            // What it has under way elsewhere would go on by itself, so it is told to end first.
            case .leased where isLeftAsIs: throw TenantJobError.underWay
            case .waiting where isLeftAsIs && job.cancelAskedAt == nil: throw TenantJobError.underWay
            case .waiting where isLeftAsIs && job.scheduledAt == nil: TenantJobStatements.end(job.id, at: now)
            case .waiting, .leased: job.cancelAskedAt == nil ? JobStatements.cancel(job.id, at: now) : nil
            case .failed where job.scheduledAt != nil: throw JobError.ended(job)
            case .failed where isLeftAsIs || jobs[job.name]?.callsOthers != true:
                TenantJobStatements.end(job.id, at: now)
            case .failed: TenantJobStatements.takeBack(job.id, at: now)
            }
        }
        return AbandonTenantJobResponse(job: job)
    }

    /// Changes a job that is held meanwhile, and tells the workspace's ledger and the log which operator did it.
    ///
    /// - Parameter by: the statement that changes it; nil where it is as it should be.
    private func change(
        _ tenantID: String?, _ id: String?, _ method: MethodDefinition, _ context: CallContext,
        by change: @Sendable (Job, Timestamp) throws -> Query?
    ) async throws -> TenantJob {
        let caller = try context.requireOperator()
        let tenant = try tenant(tenantID, field: "tenant_id")
        guard let jobID = RecordID(id ?? "") else { throw JobError.notFound(id ?? "") }
        let isActive = try await isActive(tenant)
        let job = try await engine.transaction(
            as: worker(tenant), doing: method, deadline: context.deadline, requestID: context.requestID,
            logger: context.logger
        ) { transaction in
            guard let row = try await transaction.query(JobStatements.hold(jobID)).first else {
                throw JobError.notFound(jobID.text)
            }
            let before = try Job(row)
            guard let query = try change(before, now()) else { return before }
            let after = try Job(try await transaction.query(query).one())
            try JobLedger.tell(after, before: before, by: caller.userID, in: transaction)
            transaction.ringAfterCommit()
            return after
        }
        context.logger.notice(
            "an operator changed a job of a workspace",
            metadata: [
                LogKey.tenantID: "\(tenant)", LogKey.jobID: "\(jobID)", LogKey.jobName: "\(job.name)",
                LogKey.method: "\(method.path)",
            ])
        return told(job, of: tenant, isActive, at: now())
    }

    private func isActive(_ tenant: TenantID) async throws -> Bool {
        do {
            return try await engine.policies.snapshot(of: tenant, minEpoch: 0).isActive
        } catch {
            throw engine.translate(error)
        }
    }

    /// An operator belongs to no workspace, so the one whose jobs he asks for is in his request, as in TenantService.
    private func worker(_ tenant: TenantID) -> TenantActor {
        TenantActor(tenant, purpose: .operateJobs, onBehalfOf: nil)
    }

    private func tenant(_ text: String?, field: String) throws -> TenantID {
        guard let id = TenantID(text ?? "") else { throw TenantJobError.tenantInvalid(field: field) }
        return id
    }

    private func told(_ job: Job, of tenant: TenantID, _ isActive: Bool, at now: Timestamp) -> TenantJob {
        TenantJob(
            tenantID: tenant.description, service: engine.database.service.rawValue, id: job.id.text, name: job.name,
            state: Contracts.JobState(job.state),
            trouble: JobTrouble(job, isActive: isActive, at: now, patience: Self.patience), step: job.step,
            lastError: job.lastError, attempts: Int32(clamping: job.attempts),
            dueTime: job.state.isOpen ? job.dueAt : nil, cancelTime: job.cancelAskedAt, endTime: job.endedAt,
            createTime: job.createdAt, userID: job.userID?.id.text, saga: jobs[job.name]?.callsOthers == true)
    }
}

extension JobTrouble {
    /// Nil for a job that needs nobody.
    init?(_ job: Job, isActive: Bool, at now: Timestamp, patience: Duration) {
        switch job.state {
        case .failed: self = .failed
        case .waiting, .leased:
            if !isActive, job.dueAt <= now {
                self = .workspaceNotActive
            } else if job.dueAt <= now.advanced(by: .zero - patience) {
                self = .notTaken
            } else if job.attempts > 0 || job.lastError != nil {
                self = .failing
            } else {
                return nil
            }
        case .done, .cancelled: return nil
        }
    }
}

/// The errors of TenantJobService that JobService does not have.
private enum TenantJobError {
    private static let domain = "jobs"

    static func tenantCount(_ count: Int, max: Int) -> RPCError {
        .invalidArgument(
            "OUT_OF_RANGE", "The request names \(count) workspaces; name 1 to \(max), and ask again for more.",
            field: "tenant_ids", domain: domain)
    }

    static func tenantInvalid(field: String) -> RPCError {
        .invalidArgument("INVALID_ID", "A tenant's id is a UUID of 36 characters.", field: field, domain: domain)
    }

    static var underWay: RPCError {
        .failedPrecondition(
            "JOB_UNDER_WAY",
            "The job is under way. Give it up without leave_as_is first; one that cannot undo what it did is then ended with it.",
            domain: domain)
    }
}
