import AccessControl
import Logging
import Postgres
import RPC
import Records
import Tenancy
import Text

// One step.
extension JobRunner {
    /// Runs a job's next step: its effect and where the job goes on are committed together, and only by who has the lease.
    ///
    /// - Returns: the job if it goes on here.
    func step(_ held: HeldJob) async -> HeldJob? {
        guard let definition = definitions[held.name] else {
            preconditionFailure("\(held.name) is no job of this runner")
        }
        do {
            let job =
                switch definition.step {
                case .transaction(let body): try await stepInside(held, definition, body)
                case .calls(let calls): try await stepOutside(held, definition, calls)
                }
            let goesOn = job.lease == held.lease
            meter.stepped(held.name, goesOn || job.state.isOpen ? .goesOn : .ended)
            return goesOn ? held.leased(until: job.dueAt, limits) : nil
        } catch is LeaseLost {
            meter.stepped(held.name, .lost)
            return nil
        } catch {
            meter.stepped(held.name, .failed)
            await fail(held, definition, error)
            return nil
        }
    }

    /// The step and where the job goes on are one transaction.
    private func stepInside(
        _ held: HeldJob, _ definition: JobDefinition, _ body: JobDefinition.Body
    ) async throws -> Job {
        let zone = try await zone(held.tenantID)
        return try await engine.transaction(
            as: actor(held, definition), doing: definition.method, deadline: .after(definition.stepTimeout),
            requestID: held.lease.jobID.text, logger: logger
        ) { transaction in
            guard let row = try await transaction.query(JobStatements.lock(held.lease)).first else {
                throw LeaseLost()
            }
            var job = try Job(locked: row)
            if !endsOrWaits(&job, definition, zone) {
                let step = try await body(JobRun(job, of: held.tenantID, at: clock.now()), transaction)
                job.note(step, at: clock.now(), lease: limits.lease)
                job.giveWay(begunAt: held.begunAt, after: loop.slice(), at: clock.now())
            }
            for query in storing(job, of: held.tenantID, zone) {
                try transaction.enqueue(query.statement, query.parameters)
            }
            return job
        }
    }

    /// The step is run between two transactions: whoever lost the lease meanwhile stores nothing of it.
    private func stepOutside(
        _ held: HeldJob, _ definition: JobDefinition, _ calls: JobDefinition.Calls
    ) async throws -> Job {
        let zone = try await zone(held.tenantID)
        let begun = try await change(held) { _ = endsOrWaits(&$0, definition, zone) }
        guard let begun else { throw LeaseLost() }
        guard begun.lease == held.lease else { return begun }
        try await engine.requireUser(of: actor(held, definition))
        let transactions = JobTransactions(
            engine: engine, actor: actor(held, definition), method: definition.method, lease: held.lease,
            timeout: definition.stepTimeout, logger: logger)
        let step = try await calls(JobRun(begun, of: held.tenantID, at: clock.now()), transactions)
        let stepped = try await change(held) {
            $0.note(step, at: clock.now(), lease: limits.lease, turningBack: definition.turnBack)
            $0.giveWay(begunAt: held.begunAt, after: loop.slice(), at: clock.now())
        }
        guard let stepped else { throw LeaseLost() }
        return stepped
    }

    private func actor(_ held: HeldJob, _ definition: JobDefinition) -> TenantActor {
        TenantActor(held.tenantID, purpose: definition.purpose, onBehalfOf: held.userID)
    }

    /// What is decided about a job before its step: then there is none.
    private func endsOrWaits(_ job: inout Job, _ definition: JobDefinition, _ zone: TimeZone) -> Bool {
        let now = clock.now()
        if job.cancelAskedAt != nil, job.cancel(at: now, turningBack: definition.turnBack) { return true }
        if job.isInterrupted(definition.attempts) {
            job.fail(.interrupted, definition.attempts, at: now, jitter: 0, turningBack: definition.turnBack)
            return true
        }
        guard let moment = job.scheduledAt, let started = job.startedAt,
            definition.missed.leavesOut(moment, at: started)
        else { return false }
        job.startedAt = nil
        if let next = definition.successor(of: job, at: now, in: zone) {
            job.postpone(to: next)
        } else {
            job.leaveOut(at: now)
        }
        return true
    }

    /// Keeps why a step came to nothing. When that cannot be kept, the lease ends and somebody takes the job again.
    private func fail(_ held: HeldJob, _ definition: JobDefinition, _ error: any Error) async {
        note(error, of: held, "a step of a job failed")
        do {
            let policy = try? await engine.policies.snapshot(of: held.tenantID, minEpoch: 0)
            let failure = JobFailure(
                error, isTenantActive: policy?.isActive ?? false, callsOthers: definition.callsOthers)
            _ = try await change(held) {
                $0.fail(
                    failure, definition.attempts, at: self.clock.now(), jitter: self.jitter(),
                    turningBack: definition.turnBack)
            }
        } catch {
            note(error, of: held, "a failure of a job could not be kept")
        }
    }

    /// What stores a job that is locked: itself, and after its end the next run of its schedule.
    func storing(_ job: Job, of tenant: TenantID, _ zone: TimeZone) -> [Query] {
        var job = job
        job.step = definitions[job.name]?.stepName(job.checkpoint ?? [])
        let put = JobStatements.put(job)
        let now = clock.now()
        guard !job.state.isOpen, let definition = definitions[job.name],
            let next = definition.successor(of: job, at: now, in: zone)
        else { return [put] }
        return [put, JobStatements.insert(definition.run(at: next, in: tenant), id: .make(), at: now)]
    }
}
