import Tenancy
import TestSupport

@testable import Work

/// A runner: the real rules of whose turn it is, and between them, step by step, what `JobRunner` does with a turn.
struct SimulatedRunner {
    let id: RecordID
    /// How far its clock is ahead.
    private let skew: Duration
    private var turns = JobTurns(SimulatedRunner.limits)
    private var work: [JobWork] = []
    private var isDraining = false
    private var hasGivenBack = false

    static let limits: JobLimits = {
        var limits = JobLimits()
        limits.turnsMax = 3
        return limits
    }()
    private static let skewSecondsMax = 90

    init(_ world: inout JobWorld) {
        id = world.runnerID()
        skew = .seconds(world.random.number(-Self.skewSecondsMax...Self.skewSecondsMax))
        for tenant in world.tenants { wake(tenant, world) }
    }

    /// It was drained, and has given back what it had.
    var isGone: Bool { hasGivenBack && work.isEmpty }

    /// It has nothing to do, for now.
    var isIdle: Bool { work.isEmpty }

    mutating func wake(_ tenant: TenantID, _ world: JobWorld) { turns.wake(tenant, at: clock(world)) }

    mutating func drain() { isDraining = true }

    /// Takes a turn, or goes on with one of those that it has.
    mutating func step(_ world: inout JobWorld) throws(Violation) {
        if isDraining {
            giveBack()
        } else if work.isEmpty || world.random.chance(40) {
            try takeUp(world)
        }
        guard let index = work.indices.randomElement(using: &world.random) else { return }
        let item = work.remove(at: index)
        if case .told(let news) = item {
            note(news, at: clock(world), took: .milliseconds(world.random.number(0...2_000)))
        } else if let next = try item.next(of: id, at: clock(world), &world) {
            work.append(next)
        }
    }

    func crash(_ world: inout JobWorld) {
        world.trace.note("runner \(id.low) is killed")
        for item in work {
            switch item {
            case .body(_, let open): world.abandon(open, isCommitting: false)
            case .commit(_, let open): world.abandon(open, isCommitting: true)
            default: break
            }
        }
    }

    private func clock(_ world: JobWorld) -> Timestamp { world.now.advanced(by: skew) }

    private mutating func takeUp(_ world: JobWorld) throws(Violation) {
        let now = clock(world)
        switch turns.next(at: now) {
        case .look(let tenant, let countMax): work.append(.look(tenant, countMax: countMax))
        case .step(let job):
            let isUnderWay = work.contains { $0.stepping == job.lease }
            guard !isUnderWay else { throw Violation("two steps of job \(job.lease.jobID.low) at once in one runner") }
            work.append(.begin(job))
        case nil: break
        }
        let isRenewing = work.contains { if case .renew = $0 { true } else { false } }
        let short = turns.renewals(at: now).min { $0.lease.jobID < $1.lease.jobID }
        if !isRenewing, let short { work.append(.renew(short)) }
    }

    /// When what is under way has ended.
    private mutating func giveBack() {
        guard work.isEmpty, !hasGivenBack else { return }
        hasGivenBack = true
        work = waiting.map { .giveBack($0) }
    }

    private var waiting: [HeldJob] { turns.waiting.values.sorted { $0.lease.jobID < $1.lease.jobID } }

    private mutating func note(_ news: JobNews, at now: Timestamp, took: Duration) {
        switch news {
        case .looked(let tenant, let taken, let next): turns.looked(at: tenant, taken: taken, next: next, at: now)
        case .stepped(let job, let next): turns.stepped(job, next, took: took, at: now)
        case .renewed(let job): turns.renewed(job)
        }
    }
}
