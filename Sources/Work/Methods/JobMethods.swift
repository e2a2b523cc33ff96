package import AccessControl
package import Contracts
import Postgres
package import RPC
import Reactor
package import Records
import Tenancy
import TenantDatabase

/// JobService of a service: everybody sees and cancels the jobs that work for him; `job.read` and `job.update` are the rights on all.
package struct JobMethods: Sendable {
    /// What rights on jobs are granted on.
    package static let permission = PermissionObject(
        name: "job", fields: [], actions: [.read, .update], ownership: .shared)

    private let engine: RecordEngine
    private let jobs: [JobDefinition]
    private let table: JobTable
    /// Nil for a service whose deleted records are kept for ever.
    private let purge: Purge?
    private let watches: JobWatches

    package init(_ engine: RecordEngine, _ jobs: [JobDefinition], purge: Purge? = nil) {
        (self.engine, self.jobs, table, self.purge) = (engine, jobs, JobTable(engine.database), purge)
        watches = JobWatches(engine.watchLimits)
    }

    package func register(_ service: JobServiceOf, on router: inout Router) {
        router.serve(service.getJob, getJob)
        router.serve(service.listJobs, listJobs)
        router.serve(service.watchJob, watchJob)
        router.serve(service.cancelJob, cancelJob)
        router.serve(service.runJob, runJob)
        router.serve(service.retryJob, retryJob)
        router.serve(service.undoJob, undoJob)
        router.serve(service.previewPurge, previewPurge)
    }

    private func getJob(_ request: GetJobRequest, _ context: CallContext) async throws -> GetJobResponse {
        let rights = try await JobRights(engine, context)
        let job = try await find(request.id, rights, context)
        return GetJobResponse(job: told(job, rights, try await summary(of: job, rights, context)))
    }

    private func listJobs(_ request: ListJobsRequest, _ context: CallContext) async throws -> ListJobsResponse {
        let rights = try await JobRights(engine, context)
        let size = request.pageSize.map(Int.init) ?? Self.pageSizeDefault
        guard (1...Self.pageSizeMax).contains(size) else {
            throw JobError.pageSizeInvalid(size, max: Self.pageSizeMax)
        }
        let token = request.pageToken ?? ""
        let last = RecordID(token)
        guard token.isEmpty || last != nil else { throw JobError.pageTokenInvalid }
        let found = try await translated {
            try await table.list(
                before: last, name: request.name, isOpen: request.openOnly ?? false, of: rights.ownerOfWhatIsSeen,
                countMax: size + 1, as: rights.actor, deadline: context.deadline.nanoseconds)
        }
        Self.rowCost.charge(found.count, to: context)
        let page = found.prefix(size)
        return ListJobsResponse(
            jobs: page.map { told($0, rights) }, nextPageToken: found.count > size ? page.last?.id.text : nil)
    }

    private static let pageSizeDefault = 50
    private static let pageSizeMax = 1_000
    /// As that of lists of records.
    private static let rowCost = RowCost(countIncluded: 50, countPerUnit: 16)

    /// Looks twice a second: who watches a job looks at it, and few do.
    private func watchJob(
        _ request: WatchJobRequest, _ responses: ResponseWriter<WatchJobResponse>, _ context: CallContext
    ) async throws {
        try await watches.watching(try context.requireTenantActor()) { try await watch(request, responses, context) }
    }

    private func watch(
        _ request: WatchJobRequest, _ responses: ResponseWriter<WatchJobResponse>, _ context: CallContext
    ) async throws {
        guard let loop = EventLoop.current else { preconditionFailure("methods run on event loops") }
        var last: Contracts.Job?
        var summary: String?
        while true {
            let rights = try await JobRights(engine, context)
            let job = try await find(request.id, rights, context)
            context.cost += Self.lookCost
            // What was asked for stays so.
            if last == nil { summary = try await self.summary(of: job, rights, context) }
            let told = told(job, rights, summary)
            if told.isTold(differently: last) { try await responses.write(WatchJobResponse(job: told)) }
            guard job.state.isOpen else { return }
            last = told
            try await loop.sleep(for: Self.watchInterval)
        }
    }

    private static let watchInterval = Duration.milliseconds(500)
    /// As much as reading a record.
    private static let lookCost: UInt32 = 1

    private func cancelJob(_ request: CancelJobRequest, _ context: CallContext) async throws -> CancelJobResponse {
        let rights = try await JobRights(engine, context, writes: true)
        let job = try await find(request.id, rights, context)
        try rights.require(.update, on: job)
        return try await engine.transaction(context, request: request) { transaction in
            if let cancelled = try await JobTable.cancel(job.id, at: transaction.now, transaction) {
                return CancelJobResponse(job: told(cancelled, rights))
            }
            let ended = try Job(try await transaction.query(JobStatements.find(job.id)).one())
            guard ended.state == .cancelled else { throw JobError.ended(ended) }
            return CancelJobResponse(job: told(ended, rights))
        }
    }

    private func runJob(_ request: RunJobRequest, _ context: CallContext) async throws -> RunJobResponse {
        let rights = try await JobRights(engine, context, writes: true)
        try rights.require(.update)
        let scheduled = jobs.filter { $0.schedule != nil }.map(\.name).sorted()
        guard let name = request.name, scheduled.contains(name) else {
            throw JobError.unknown(request.name ?? "", known: scheduled)
        }
        return try await engine.transaction(context, request: request) { transaction in
            RunJobResponse(job: told(try await JobTable.hasten(name, at: transaction.now, transaction), rights))
        }
    }

    private func retryJob(_ request: RetryJobRequest, _ context: CallContext) async throws -> RetryJobResponse {
        let rights = try await JobRights(engine, context, writes: true)
        let job = try await find(request.id, rights, context)
        try rights.require(.update, on: job)
        return try await engine.transaction(context, request: request) { transaction in
            _ = try await transaction.query(JobStatements.hold(job.id))
            try await JobTable.requireRoom(for: job.userID, transaction)
            guard let tried = try await JobTable.retry(job.id, at: transaction.now, transaction) else {
                throw JobError.notRetryable(job)
            }
            return RetryJobResponse(job: told(tried, rights))
        }
    }

    private func undoJob(_ request: UndoJobRequest, _ context: CallContext) async throws -> UndoJobResponse {
        let rights = try await JobRights(engine, context, writes: true)
        let job = try await find(request.id, rights, context)
        try rights.require(.update, on: job)
        guard jobs.contains(where: { $0.name == job.name && $0.isUndoable }) else { throw JobError.notUndoable(job) }
        return try await engine.transaction(context, request: request) { transaction in
            // Held, so that nobody has it go on meanwhile.
            let held = try Job(try await transaction.query(JobStatements.hold(job.id)).one())
            guard !held.state.isOpen else { throw JobError.notEnded(held) }
            try await JobTable.requireRoom(for: rights.actor.userID, transaction)
            let undo = NewJob(
                MatchingJobs.undoName, userID: rights.actor.userID, dueAt: transaction.now,
                checkpoint: JobUndo.checkpoint(of: job.id), total: job.progress.report.changedCount)
            let id = try await JobTable.insert(undo, at: transaction.now, transaction)
            let made = try Job(try await transaction.query(JobStatements.find(id)).one())
            return UndoJobResponse(job: told(made, rights))
        }
    }

    /// For who may set the time.
    private func previewPurge(_ request: PreviewPurgeRequest, _ context: CallContext) async throws
        -> PreviewPurgeResponse
    {
        let (actor, access) = try await engine.access(
            context, to: AccessControl.WorkspaceSettings.permissionName, writes: false)
        guard access.scope(.update) == .all else { throw JobError.settingsFixed }
        try await PurgeDeleted.requireErase(context, engine)
        if let days = request.keptDays, !AccessControl.WorkspaceSettings.deletedRecordsKeptDaysRange.contains(days) {
            throw JobError.keptDaysOutOfRange(AccessControl.WorkspaceSettings.deletedRecordsKeptDaysRange)
        }
        guard let purge else { return PreviewPurgeResponse() }
        return PreviewPurgeResponse(
            counts: try await translated {
                try await purge.preview(
                    request.keptDays, as: actor, at: .now(), deadline: context.deadline.nanoseconds)
            })
    }

    private func find(_ text: String?, _ rights: JobRights, _ context: CallContext) async throws -> Job {
        let job = try await translated {
            guard let id = RecordID(text ?? "") else { return Job?.none }
            return try await table.find(id, as: rights.actor, deadline: context.deadline.nanoseconds)
        }
        guard let job, rights.sees(job) else { throw JobError.notFound(text ?? "") }
        return job
    }

    /// What a job was asked for, for the one for whom it works: filters and new values are what others may not see.
    private func summary(of job: Job, _ rights: JobRights, _ context: CallContext) async throws -> String? {
        guard rights.isOwn(job), let definition = jobs.first(where: { $0.name == job.name }) else { return nil }
        let checkpoint = try await translated {
            try await table.checkpoint(of: job.id, as: rights.actor, deadline: context.deadline.nanoseconds)
        }
        // A job of a release whose checkpoints nobody reads any more is told without.
        return checkpoint.flatMap { try? definition.summary($0) }
    }

    /// What became of single records is told to the one for whom it works.
    private func told(_ job: Job, _ rights: JobRights, _ summary: String? = nil) -> Contracts.Job {
        var told = Contracts.Job(job, of: engine.database.service)
        told.summary = rights.isOwn(job) ? summary : nil
        // Nobody has taken it yet, so it is at its first step.
        if job.leaseNumber == 0 { told.step = jobs.first { $0.name == job.name }?.stepName([]) }
        if !rights.isOwn(job) { told.report?.issues = [] }
        return told
    }

    private func translated<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw engine.translate(error)
        }
    }
}
