import Tenancy
import TestSupport

@testable import Work

/// A runner of which some tenants want all it can do, for ever, and others now and then a step.
struct FairnessSimulation: Simulation {
    private let trace: Trace
    private let now = Timestamp(seconds: 1_000_000)
    private let tenants: [TenantID]
    /// The first so many of the tenants have jobs that never end.
    private let busyCount: Int
    private var random: SeededGenerator
    private var turns: JobTurns
    private var underWay: [JobTurns.Turn] = []
    /// Of each quiet tenant that stands in line: the turns that others have had meanwhile.
    private var waits: [TenantID: Int] = [:]
    /// Quiet tenants that have a job which nobody has taken.
    private var wanting: Set<TenantID> = []
    private var jobCount: UInt64 = 0

    private static let momentCount = 1_000

    init(seed: UInt64, trace: Trace) {
        var random = SeededGenerator(seed: seed)
        var limits = JobLimits()
        (limits.turnsMax, limits.jobsOfTenantMax) = (random.number(1...4), random.number(1...4))
        turns = JobTurns(limits)
        tenants = (1...UInt64(random.number(2...6))).map { TenantID(RecordID(high: 1, low: $0)) }
        busyCount = random.number(1...tenants.count - 1)
        (self.trace, self.random) = (trace, random)
    }

    mutating func run() throws(Violation) {
        for tenant in tenants.prefix(busyCount) { turns.wake(tenant, at: now) }
        for _ in 0..<Self.momentCount {
            if random.chance(5) { want() }
            if !underWay.isEmpty, random.chance(50) { end() } else { try begin() }
        }
    }

    /// A quiet tenant that has nothing gets a job.
    private mutating func want() {
        guard let tenant = tenants.dropFirst(busyCount).randomElement(using: &random),
            waits[tenant] == nil, !wanting.contains(tenant), !underWay.contains(where: { $0.tenantID == tenant })
        else { return }
        wanting.insert(tenant)
        waits[tenant] = 0
        turns.wake(tenant, at: now)
    }

    private mutating func begin() throws(Violation) {
        guard let turn = turns.next(at: now) else { return }
        trace.note("\(turn)")
        underWay.append(turn)
        waits[turn.tenantID] = nil
        for tenant in waits.keys { waits[tenant, default: 0] += 1 }
        // Who comes into the line may be passed by each other one in this round and the next.
        let waitMax = 2 * (tenants.count - 1)
        guard let longest = waits.values.max(), longest > waitMax else { return }
        throw Violation("\(longest) turns of others while a tenant waited for one, of \(tenants.count) tenants")
    }

    private mutating func end() {
        let turn = underWay.remove(at: random.number(0...underWay.count - 1))
        switch turn {
        case .look(let tenant, let countMax):
            let count = isBusy(tenant) ? countMax : wanting.remove(tenant) == nil ? 0 : 1
            let taken = (0..<count).map { _ in job(of: tenant) }
            turns.looked(at: tenant, taken: taken, next: nil, at: now)
            if !isBusy(tenant), count > 0 { waits[tenant] = 0 }
        case .step(let job):
            turns.stepped(job, isBusy(job.tenantID) ? job : nil, at: now)
            // After a job's end its tenant is looked at.
            if !isBusy(job.tenantID) { waits[job.tenantID] = 0 }
        }
    }

    private func isBusy(_ tenant: TenantID) -> Bool { tenants.prefix(busyCount).contains(tenant) }

    private mutating func job(of tenant: TenantID) -> HeldJob {
        jobCount += 1
        let lease = JobLease(
            jobID: RecordID(high: 2, low: jobCount), holderID: RecordID(high: 3, low: 1), number: 1)
        return HeldJob(tenantID: tenant, name: "job", userID: nil, lease: lease, until: now, JobLimits())
    }
}

extension JobTurns.Turn {
    fileprivate var tenantID: TenantID {
        switch self {
        case .look(let tenant, _): tenant
        case .step(let job): job.tenantID
        }
    }
}
