import AccessControl
import Logging
import Postgres
import RPC
import Records
import Tenancy
import Text

// One step.
extension JobRunner {
    /// Somebody else has the job, or it has ended.
    private struct LeaseLost: Error {}

    /// Runs a job's next step: its effect and where the job goes on are committed together, and only by who has the lease.
    ///
    /// - Returns: the job if it goes on here.
    func step(_ held: HeldJob) async -> HeldJob? {
        guard let definition = definitions[held.name] else {
            preconditionFailure("\(held.name) is no job of this runner")
        }
        do {
            let zone = try await zone(held.tenantID)
            let actor = TenantActor(held.tenantID, purpose: definition.purpose, onBehalfOf: held.userID)
            let job = try await engine.transaction(
                as: actor, doing: definition.method, deadline: .after(definition.stepTimeout),
                requestID: held.lease.jobID.text, logger: logger
            ) { transaction in
                guard let row = try await transaction.query(JobStatements.lock(held.lease)).first else {
                    throw LeaseLost()
                }
                var job = try Job(row)
                try await advance(&job, definition, zone, transaction)
                for query in storing(job, of: held.tenantID, zone) {
                    try transaction.enqueue(query.statement, query.parameters)
                }
                return job
            }
            let goesOn = job.lease == held.lease
            meter.stepped(held.name, goesOn ? .goesOn : .ended)
            return goesOn ? held.leased(until: job.dueAt) : nil
        } catch is LeaseLost {
            meter.stepped(held.name, .lost)
            return nil
        } catch {
            meter.stepped(held.name, .failed)
            await fail(held, definition, error)
            return nil
        }
    }

    private func advance(
        _ job: inout Job, _ definition: JobDefinition, _ zone: TimeZone, _ transaction: RecordTransaction
    ) async throws {
        let now = clock.now()
        if job.cancelAskedAt != nil { return job.cancel(at: now) }
        if job.isInterrupted(definition.attempts) {
            return job.fail(.interrupted, definition.attempts, at: now, jitter: 0)
        }
        if let moment = job.scheduledAt, let started = job.startedAt, definition.missed.leavesOut(moment, at: started) {
            job.startedAt = nil
            if let next = definition.successor(of: job, at: now, in: zone) { return job.postpone(to: next) }
            return job.cancel(at: now)
        }
        let run = JobRun(
            id: job.id, scheduledAt: job.scheduledAt, userID: job.userID, checkpoint: job.checkpoint,
            progress: job.progress, now: now)
        job.note(try await definition.body(run, transaction), at: clock.now(), lease: limits.lease)
    }

    /// Keeps why a step came to nothing. When that cannot be kept, the lease ends and somebody takes the job again.
    private func fail(_ held: HeldJob, _ definition: JobDefinition, _ error: any Error) async {
        note(error, of: held, "a step of a job failed")
        do {
            let policy = try? await engine.policies.snapshot(of: held.tenantID, minEpoch: 0)
            let failure = JobFailure(error, isTenantActive: policy?.isActive ?? false)
            _ = try await change(held) {
                $0.fail(failure, definition.attempts, at: self.clock.now(), jitter: self.jitter())
            }
        } catch {
            note(error, of: held, "a failure of a job could not be kept")
        }
    }

    /// What stores a job that is locked: itself, and after its end the next run of its schedule.
    func storing(_ job: Job, of tenant: TenantID, _ zone: TimeZone) -> [Query] {
        let put = JobStatements.put(job)
        let now = clock.now()
        guard !job.state.isOpen, let definition = definitions[job.name],
            let next = definition.successor(of: job, at: now, in: zone)
        else { return [put] }
        return [put, JobStatements.insert(definition.run(at: next, in: tenant), id: .make(), at: now)]
    }
}

extension HeldJob {
    fileprivate func leased(until end: Timestamp) -> HeldJob {
        var job = self
        job.leasedUntil = end
        return job
    }
}
