import Tenancy

@testable import Work

/// What holds of jobs whatever happens, kept beside their rows.
struct JobPromises {
    /// Steps of a job whose effect is committed.
    private var effects: [RecordID: Int64] = [:]
    /// Whoever asked for their end was told that no step begins any more.
    private var cancelled: Set<RecordID> = []
    /// How often the present step came to nothing: it failed, or its runner went away.
    private var mishaps: [RecordID: Int] = [:]
    /// A step failed so that trying again would not help.
    private var hopeless: Set<RecordID> = []

    mutating func acknowledgedCancel(_ id: RecordID) { cancelled.insert(id) }

    mutating func hadMishap(_ id: RecordID) { mishaps[id, default: 0] += 1 }

    mutating func hadFailure(_ id: RecordID, _ kind: JobFailure.Kind) {
        switch kind {
        case .passing: hadMishap(id)
        case .final: hopeless.insert(id)
        case .elsewhere: break
        }
    }

    func stepBegins(_ job: Job, _ attempts: JobAttempts) throws(Violation) {
        guard mishaps[job.id, default: 0] < attempts.countMax else {
            throw Violation("a step of job \(job.id.low) begins once more than it may")
        }
        guard !cancelled.contains(job.id) else {
            throw Violation("a step of job \(job.id.low) begins after its end was promised")
        }
    }

    mutating func hadEffect(_ id: RecordID, step: Int64) throws(Violation) {
        let done = effects[id, default: 0]
        guard step == done + 1 else {
            throw Violation("of job \(id.low) step \(step) had its effect after step \(done)")
        }
        (effects[id], mishaps[id]) = (step, 0)
    }

    /// Each job has come to an end that it had a reason for.
    func checkEnd(of jobs: [Job], _ attempts: JobAttempts) throws(Violation) {
        for job in jobs {
            let hasReason =
                switch job.state {
                case .waiting, .leased: false
                case .done: effects[job.id] == job.progress.total
                case .failed: hopeless.contains(job.id) || mishaps[job.id, default: 0] >= attempts.countMax
                case .cancelled: cancelled.contains(job.id)
                }
            let isTold = job.progress.done == effects[job.id, default: 0]
            guard hasReason && isTold else {
                let (done, count) = (effects[job.id, default: 0], mishaps[job.id, default: 0])
                throw Violation("job \(job.id.low) is \(job.state) after \(done) steps and \(count) mishaps")
            }
        }
    }
}
