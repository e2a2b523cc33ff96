import HeapModule
import RPC
import Tenancy

/// How much a runner does at once.
package struct JobLimits: Hashable, Sendable {
    /// Steps, and looks for what is due, at once.
    package var turnsMax = 8
    /// Jobs of a tenant that are under way at once.
    package var jobsOfTenantMax = 2
    /// Jobs that wait here for their next step; while there are so many, no more are looked for.
    package var waitingMax = 64
    /// How often each tenant is looked at though nothing is known to be due there.
    package var period: Duration = .seconds(300)
    /// How long a job is kept for a runner that says nothing more.
    package var lease: Duration = .seconds(30)
    /// Until a tenant is looked at again whose due jobs others have, or that could not be looked at.
    package var pause: Duration = .seconds(1)

    package init() {}
}

/// A job that a runner has taken.
package struct HeldJob: Hashable, Sendable {
    let tenantID: TenantID
    let name: String
    let userID: UserID?
    let lease: JobLease
    /// When the lease ends, unless a step is done before.
    var leasedUntil: Timestamp
}

/// Whose turn it is: tenants take turns with their looks and steps (deficit round robin, `FairQueue`), however much each has to do. When each is
/// looked at next is kept here, so that an idle one costs nothing in between. No clock, no I/O.
struct JobTurns {
    /// One thing to do. Whoever does it says what it came to.
    enum Turn: Sendable {
        /// Find out what is due, and take at most so many jobs.
        case look(TenantID, countMax: Int)
        case step(HeldJob)
    }

    private struct Place {
        var nextLook: Timestamp
        var isLooking = false
        /// Woken while being looked at.
        var isWoken = false
        var held = 0
    }

    private struct Look: Comparable {
        let moment: Timestamp
        let tenantID: TenantID
        static func < (one: Look, other: Look) -> Bool { one.moment < other.moment }
    }

    private enum Entry { case look, step(HeldJob) }

    private let limits: JobLimits
    private var places: [TenantID: Place] = [:]
    /// Of each tenant the next look, and old ones that no longer hold.
    private var looks = Heap<Look>()
    private var line = FairQueue<TenantID, Entry>(quantum: 1)
    /// Turns that were given out and not ended.
    private(set) var underWay = 0
    /// What waits for its next step.
    private(set) var waiting: [RecordID: HeldJob] = [:]

    init(_ limits: JobLimits) { self.limits = limits }

    /// Tenants that are known.
    var tenantCount: Int { places.count }

    /// The tenant is one of those that the runner works for, and is looked at now.
    mutating func wake(_ tenant: TenantID, at now: Timestamp) {
        if places[tenant] == nil { places[tenant] = Place(nextLook: now) }
        if places[tenant]?.isLooking == true { places[tenant]?.isWoken = true }
        setLook(tenant, now)
    }

    /// What the tenant's jobs that are under way do is done; it is not looked at any more.
    mutating func leave(_ tenant: TenantID) {
        places[tenant] = nil
        line.remove(of: tenant) { if case .look = $0 { true } else { false } }
    }

    /// The first moment at which a tenant is to be looked at; nil while so many jobs wait here that none is.
    mutating func nextLook() -> Timestamp? {
        guard waiting.count < limits.waitingMax else { return nil }
        while let look = looks.min, !holds(look) { looks.removeMin() }
        return looks.min?.moment
    }

    /// The next turn; nil when there is none now, or as many are under way as may be.
    mutating func next(at now: Timestamp) -> Turn? {
        while let moment = nextLook(), moment <= now, let look = looks.popMin() {
            places[look.tenantID]?.isLooking = true
            line.append(.look, of: look.tenantID, cost: 1)
        }
        guard underWay < limits.turnsMax, let (tenant, entry) = line.popFirst() else { return nil }
        underWay += 1
        switch entry {
        case .look: return .look(tenant, countMax: limits.jobsOfTenantMax - (places[tenant]?.held ?? 0))
        case .step(let job):
            waiting[job.lease.jobID] = nil
            return .step(job)
        }
    }

    /// A look has ended.
    ///
    /// - Parameters:
    ///   - taken: what is under way from now on.
    ///   - next: when something else is due; nil when nothing is known to be.
    mutating func looked(at tenant: TenantID, taken: [HeldJob], next: Timestamp?, at now: Timestamp) {
        underWay -= 1
        for job in taken { queue(job) }
        guard let place = places[tenant] else { return }
        places[tenant]?.isLooking = false
        places[tenant]?.isWoken = false
        places[tenant]?.held += taken.count
        let sweep = now.advanced(by: limits.period)
        setLook(tenant, place.isWoken ? now : min(sweep, max(next ?? sweep, now)))
    }

    /// A step has ended; `job` goes on, or is not this runner's any more.
    mutating func stepped(_ tenant: TenantID, _ job: HeldJob?, at now: Timestamp) {
        underWay -= 1
        if let job { return queue(job) }
        places[tenant]?.held -= 1
        // Another one may wait for the place, and what ended may have a successor.
        if places[tenant] != nil { wake(tenant, at: now) }
    }

    /// The lease of a job that waits for its step was made longer; nil when it is lost, which its step finds.
    mutating func renewed(_ job: HeldJob) {
        if waiting[job.lease.jobID]?.lease == job.lease { waiting[job.lease.jobID] = job }
    }

    private mutating func queue(_ job: HeldJob) {
        waiting[job.lease.jobID] = job
        line.append(.step(job), of: job.tenantID, cost: 1)
    }

    private mutating func setLook(_ tenant: TenantID, _ moment: Timestamp) {
        guard let place = places[tenant], !place.isLooking else { return }
        // A tenant that has all it may is looked at when one of its jobs ends.
        guard place.held < limits.jobsOfTenantMax else {
            places[tenant]?.nextLook = .never
            return
        }
        places[tenant]?.nextLook = moment
        looks.insert(Look(moment: moment, tenantID: tenant))
    }

    private func holds(_ look: Look) -> Bool {
        guard let place = places[look.tenantID] else { return false }
        return !place.isLooking && place.nextLook == look.moment
    }
}

extension Timestamp {
    fileprivate static let never = Timestamp(microseconds: .max)
}
