import Tenancy
import TestSupport

@testable import Work

/// A turn of a runner, between two of the things that it takes: what `JobRunner` does, a statement at a time.
enum JobWork {
    case look(TenantID, countMax: Int)
    /// A step is to begin.
    case begin(HeldJob)
    /// The job is locked.
    case body(HeldJob, JobTransaction)
    /// COMMIT is sent.
    case commit(HeldJob, JobTransaction)
    /// It was rolled back, and that is to be kept.
    case failed(HeldJob, JobFailure)
    case renew(HeldJob)
    case giveBack(HeldJob)
    /// It is over, and whoever gives out turns is to hear of it.
    case told(JobNews)
}

/// What a turn came to.
enum JobNews {
    case looked(TenantID, taken: [HeldJob], next: Timestamp?)
    case stepped(HeldJob, HeldJob?)
    case renewed(HeldJob)
}

extension JobWork {
    /// Under which lease it is a step.
    var stepping: JobLease? {
        switch self {
        case .begin(let held), .body(let held, _), .commit(let held, _), .failed(let held, _): held.lease
        case .look, .renew, .giveBack, .told: nil
        }
    }

    /// What is to be done after the next thing; nil when that was the last.
    func next(of runner: RecordID, at now: Timestamp, _ world: inout JobWorld) throws(Violation) -> JobWork? {
        switch self {
        case .look(let tenant, let countMax): return try look(tenant, countMax, runner, now, &world)
        case .begin(let held): return try begin(held, now, &world)
        case .body(let held, let open): return body(held, open, now, &world)
        case .commit(let held, let open): return try commit(held, open, &world)
        case .failed(let held, let failure): return try keep(failure, held, now, &world)
        case .renew(let held): return renew(held, now, &world)
        case .giveBack(let held): return try giveBack(held, now, &world)
        case .told: return nil
        }
    }

    private func look(
        _ tenant: TenantID, _ countMax: Int, _ runner: RecordID, _ now: Timestamp, _ world: inout JobWorld
    ) throws(Violation) -> JobWork {
        let limits = SimulatedRunner.limits
        let (taken, next) = try world.claim(
            of: tenant, countMax: countMax, by: runner, at: now, until: now.advanced(by: limits.lease))
        let pause = taken.count < countMax ? now.advanced(by: limits.pause) : now
        return .told(.looked(tenant, taken: taken, next: next.map { max($0, pause) }))
    }

    private func begin(_ held: HeldJob, _ now: Timestamp, _ world: inout JobWorld) throws(Violation) -> JobWork {
        switch world.lock(held.lease) {
        case .busy: return self
        case .lost: return .told(.stepped(held, nil))
        case .job(var open):
            if open.job.cancelAskedAt != nil {
                _ = open.job.cancel(at: now, turningBack: { _, _ in nil })
            } else if open.job.isInterrupted(JobWorld.attempts) {
                open.job.fail(.interrupted, JobWorld.attempts, at: now, jitter: 0)
            } else {
                try world.begins(open.job)
                return .body(held, open)
            }
            return .commit(held, open)
        }
    }

    private func body(_ held: HeldJob, _ open: JobTransaction, _ now: Timestamp, _ world: inout JobWorld) -> JobWork {
        if !world.isEnding, world.random.chance(world.odds.failure) {
            world.rollback(open)
            let kinds: [JobFailure.Kind] = [.passing, .passing, .passing, .elsewhere, .elsewhere, .final]
            let kind = kinds.randomElement(using: &world.random) ?? .passing
            return .failed(held, JobFailure(reason: "FAILED", kind: kind))
        }
        var open = open
        let progress = JobProgress(done: open.job.progress.done + 1, total: open.job.progress.total)
        open.effect = progress.done
        let step = progress.done == progress.total ? JobStep.done(progress) : .goesOn(checkpoint: [], progress)
        open.job.note(step, at: now, lease: SimulatedRunner.limits.lease)
        open.job.giveWay(begunAt: held.begunAt, after: SimulatedRunner.limits.slice, at: now)
        return .commit(held, open)
    }

    private func commit(
        _ held: HeldJob, _ open: JobTransaction, _ world: inout JobWorld
    ) throws(Violation) -> JobWork {
        let isAnswerLost = !world.isEnding && world.random.chance(world.odds.lostAnswer)
        if isAnswerLost, world.random.chance(50) { world.rollback(open) } else { try world.commit(open) }
        if isAnswerLost { return .failed(held, JobFailure(reason: "UNAVAILABLE", kind: .elsewhere)) }
        let goesOn = open.job.lease == held.lease
        return .told(.stepped(held, goesOn ? held.leased(until: open.job.dueAt, SimulatedRunner.limits) : nil))
    }

    private func keep(
        _ failure: JobFailure, _ held: HeldJob, _ now: Timestamp, _ world: inout JobWorld
    ) throws(Violation) -> JobWork {
        switch world.lock(held.lease) {
        case .busy: return self
        case .lost: break
        case .job(var open):
            let jitter = Double.random(in: 0...1, using: &world.random)
            open.job.fail(failure, JobWorld.attempts, at: now, jitter: jitter)
            world.failed(open.job.id, failure.kind)
            try world.commit(open)
        }
        return .told(.stepped(held, nil))
    }

    private func renew(_ held: HeldJob, _ now: Timestamp, _ world: inout JobWorld) -> JobWork? {
        let end = now.advanced(by: SimulatedRunner.limits.lease)
        switch world.renew(held.lease, until: end) {
        case .busy: return self
        case .lost: return nil
        case .job: return .told(.renewed(held.leased(until: end, SimulatedRunner.limits)))
        }
    }

    private func giveBack(
        _ held: HeldJob, _ now: Timestamp, _ world: inout JobWorld
    ) throws(Violation) -> JobWork? {
        switch world.lock(held.lease) {
        case .busy: return self
        case .lost: return nil
        case .job(var open):
            open.job.release(at: now)
            try world.commit(open)
            return nil
        }
    }
}
