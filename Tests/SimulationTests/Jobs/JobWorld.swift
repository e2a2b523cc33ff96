import Tenancy
import TestSupport

@testable import Work

/// The jobs of some tenants: what the server keeps, and what the statements of `JobStatements` do to it.
struct JobWorld {
    enum Bug {
        /// A step goes by the job as it was read, without lock and lease, and stores it at the end.
        case leaseWithoutFence
    }

    /// How often what goes wrong, in percent. Worlds differ in it: what shows one bug hides another.
    struct Odds {
        let failure: Int
        let lostAnswer: Int
        let kill: Int
        let drain: Int

        init(_ random: inout SeededGenerator) {
            (failure, lostAnswer) = (random.number(0...25), random.number(0...8))
            (kill, drain) = (random.number(0...4), random.number(0...2))
        }
    }

    let bug: Bug?
    let trace: Trace
    let odds: Odds
    var random: SeededGenerator
    /// No process sees it: their clocks are ahead or behind.
    private(set) var now = Timestamp(seconds: 1_000_000)
    /// No more failures or kills.
    var isEnding = false
    let tenants: [TenantID]
    private(set) var jobs: [Job] = []
    private var homes: [RecordID: TenantID] = [:]
    private var locks = RowLocks<RecordID>()
    private var promises: JobPromises
    /// Of runners that were killed, as long as the server has not noticed.
    private(set) var orphans: [(transaction: JobTransaction, isCommitting: Bool)] = []
    private var transactionCount = 0
    private var runnerCount: UInt64 = 0

    static let attempts = JobAttempts(4, firstWait: .seconds(5), longestWait: .seconds(60))
    private static let jobsMax = 3
    private static let stepsMax = 4

    init(seed: UInt64, bug: Bug?, trace: Trace) {
        var random = SeededGenerator(seed: seed)
        odds = Odds(&random)
        tenants = (1...UInt64(random.number(1...3))).map { TenantID(RecordID(high: 1, low: $0)) }
        for tenant in tenants {
            for _ in 1...random.number(1...Self.jobsMax) {
                let id = RecordID(high: 2, low: UInt64(jobs.count))
                let due = now.advanced(by: .seconds(random.number(0...300)))
                let total = Int64(random.number(1...Self.stepsMax))
                jobs.append(
                    Job(
                        id: id, name: "job", userID: nil, createdAt: now, state: .waiting, dueAt: due,
                        progress: JobProgress(total: total)))
                homes[id] = tenant
            }
        }
        (self.bug, self.trace, self.random, promises) = (bug, trace, random, JobPromises())
    }

    mutating func pass(seconds: Int) { now = now.advanced(by: .seconds(seconds)) }

    mutating func runnerID() -> RecordID {
        runnerCount += 1
        return RecordID(high: 3, low: runnerCount)
    }
}

/// A step's transaction: what it will have done.
struct JobTransaction {
    let number: Int
    var job: Job
    /// Which of the job's steps; nil when it only changes the job.
    var effect: Int64?
}

/// What a statement on one row comes to.
enum Found {
    case job(JobTransaction)
    /// Another transaction has the row: the statement waits.
    case busy
    /// No row has this lease.
    case lost
}

// Statements.
extension JobWorld {
    private static func rank(_ job: Job, _ now: Timestamp) -> Int {
        job.startedAt != nil && job.dueAt > now.advanced(by: .seconds(-60)) ? 1 : 0
    }

    /// Takes what is due, the longest due first, those that have had turns behind those that have had none for a minute, and passes over what others have locked. Says when the next one is due.
    mutating func claim(
        of tenant: TenantID, countMax: Int, by holder: RecordID, at now: Timestamp, until end: Timestamp
    ) throws(Violation) -> (taken: [HeldJob], next: Timestamp?) {
        guard countMax > 0 else { throw Violation("a look for \(countMax) jobs") }
        let due = open(of: tenant).filter { jobs[$0].dueAt <= now && !locks.isTaken(jobs[$0].id) }
            .sorted {
                let (one, other) = (jobs[$0], jobs[$1])
                let (rank, otherRank) = (Self.rank(one, now), Self.rank(other, now))
                return (rank, one.dueAt, one.id) < (otherRank, other.dueAt, other.id)
            }
        var taken: [HeldJob] = []
        for index in due.prefix(countMax) {
            if jobs[index].state == .leased { promises.hadMishap(jobs[index].id) }
            jobs[index].attempts += jobs[index].state == .leased ? 1 : 0
            (jobs[index].state, jobs[index].holderID, jobs[index].dueAt) = (.leased, holder, end)
            jobs[index].leaseNumber += 1
            jobs[index].startedAt = jobs[index].startedAt ?? now
            guard let lease = jobs[index].lease else { preconditionFailure("it was given one") }
            taken.append(
                HeldJob(
                    tenantID: tenant, name: "job", userID: nil, lease: lease, until: end, SimulatedRunner.limits))
            trace.note("\(holder.low) takes job \(lease.jobID.low), number \(lease.number)")
        }
        return (taken, open(of: tenant).map { jobs[$0].dueAt }.min())
    }

    /// The job under this lease, for as long as the transaction goes on.
    mutating func lock(_ lease: JobLease) -> Found {
        guard let job = jobs.first(where: { $0.id == lease.jobID }) else { return .lost }
        transactionCount += 1
        let open = JobTransaction(number: transactionCount, job: job)
        if bug == .leaseWithoutFence { return job.state == .leased ? .job(open) : .lost }
        guard !locks.isTaken(job.id) else { return .busy }
        guard job.state == .leased, job.lease == lease else { return .lost }
        _ = locks.take(job.id, for: open.number)
        return .job(open)
    }

    /// Makes the lease longer.
    mutating func renew(_ lease: JobLease, until end: Timestamp) -> Found {
        let found = lock(lease)
        guard case .job(var open) = found else { return found }
        open.job.dueAt = end
        locks.release(of: open.number)
        store(open.job)
        return .job(open)
    }

    /// Asks that an open job ends; does nothing as long as a step has it locked.
    mutating func cancelOne() {
        let open = jobs.filter { $0.state.isOpen && $0.cancelAskedAt == nil && !locks.isTaken($0.id) }
        guard var job = open.randomElement(using: &random) else { return }
        job.cancelAskedAt = now
        if job.state == .waiting { job.dueAt = now }
        store(job)
        promises.acknowledgedCancel(job.id)
        trace.note("job \(job.id.low) is to be cancelled")
    }

    private func open(of tenant: TenantID) -> [Int] {
        jobs.indices.filter { jobs[$0].state.isOpen && homes[jobs[$0].id] == tenant }
    }

    private mutating func store(_ job: Job) {
        if let index = jobs.firstIndex(where: { $0.id == job.id }) { jobs[index] = job }
    }
}

// How transactions end.
extension JobWorld {
    mutating func commit(_ transaction: JobTransaction) throws(Violation) {
        let job = transaction.job
        trace.note("commit of job \(job.id.low): \(job.state), step \(transaction.effect.map(String.init) ?? "-")")
        if let step = transaction.effect { try promises.hadEffect(job.id, step: step) }
        store(job)
        locks.release(of: transaction.number)
    }

    mutating func rollback(_ transaction: JobTransaction) { locks.release(of: transaction.number) }

    /// Its runner was killed: it ends now or later, and if COMMIT was sent, it may be committed.
    mutating func abandon(_ transaction: JobTransaction, isCommitting: Bool) {
        orphans.append((transaction, isCommitting))
    }

    /// The server notices that a runner is gone.
    mutating func endOrphan() throws(Violation) {
        guard let index = orphans.indices.randomElement(using: &random) else { return }
        let orphan = orphans.remove(at: index)
        if orphan.isCommitting, random.chance(50) {
            try commit(orphan.transaction)
        } else {
            rollback(orphan.transaction)
        }
    }

    /// A step begins.
    func begins(_ job: Job) throws(Violation) { try promises.stepBegins(job, Self.attempts) }

    /// A step failed, and this is kept.
    mutating func failed(_ id: RecordID, _ kind: JobFailure.Kind) { promises.hadFailure(id, kind) }

    func checkEnd() throws(Violation) { try promises.checkEnd(of: jobs, Self.attempts) }
}
