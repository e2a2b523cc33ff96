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
    /// How long a job is kept before it goes behind what else is due in its tenant.
    package var slice: Duration = .seconds(5)
    /// A job rests after a step as long as that took, so that its tenant has no more than half of a connection's time for it; not longer
    /// than this.
    package var restMax: Duration = .seconds(1)

    package init() {}
}

/// A job that a runner has taken.
package struct HeldJob: Hashable, Sendable {
    let tenantID: TenantID
    let name: String
    let userID: UserID?
    let lease: JobLease
    let takenAt: Timestamp
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
        /// Whoever wakes it.
        var notBefore: Timestamp = .ever
        var isLooking = false
        /// Woken while being looked at.
        var isWoken = false
        var held = 0
    }

    /// When a tenant is looked at, or a job has rested; of those at one moment the first that was set comes first.
    private struct Alarm<Subject>: Comparable {
        let moment: Timestamp
        let number: UInt64
        let subject: Subject
        static func == (one: Self, other: Self) -> Bool { one.number == other.number }
        static func < (one: Self, other: Self) -> Bool { (one.moment, one.number) < (other.moment, other.number) }
    }

    private enum Entry { case look, step(JobLease) }

    private let limits: JobLimits
    private var places: [TenantID: Place] = [:]
    /// Of each tenant the next look, and old ones that no longer hold.
    private var looks = Heap<Alarm<TenantID>>()
    private var rests = Heap<Alarm<JobLease>>()
    private var alarmCount: UInt64 = 0
    private var line = FairQueue<TenantID, Entry>(quantum: 1)
    /// Turns that were given out and not ended.
    private(set) var underWay = 0
    /// What rests, or waits for its next step. A job whose lease has ended here may be taken here again.
    private(set) var waiting: [JobLease: HeldJob] = [:]

    init(_ limits: JobLimits) { self.limits = limits }

    /// Tenants that are known.
    var tenantCount: Int { places.count }

    /// Looks that are remembered, with those that no longer hold.
    var lookCount: Int { looks.count }

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

    /// The first moment at which something is to be done that is not in the line yet. While so many jobs wait here, no tenant is looked at.
    mutating func nextMoment() -> Timestamp? {
        [nextLook(), rests.min?.moment].compactMap(\.self).min()
    }

    private mutating func nextLook() -> Timestamp? {
        guard waiting.count < limits.waitingMax else { return nil }
        while let look = looks.min, !holds(look) { looks.removeMin() }
        return looks.min?.moment
    }

    /// The next turn; nil when there is none now, or as many are under way as may be.
    mutating func next(at now: Timestamp) -> Turn? {
        while let rest = rests.min, rest.moment <= now {
            rests.removeMin()
            if let job = waiting[rest.subject] { line.append(.step(rest.subject), of: job.tenantID, cost: 1) }
        }
        while let moment = nextLook(), moment <= now, let look = looks.popMin() {
            places[look.subject]?.isLooking = true
            line.append(.look, of: look.subject, cost: 1)
        }
        guard underWay < limits.turnsMax, let (tenant, entry) = line.popFirst() else { return nil }
        underWay += 1
        switch entry {
        case .look: return .look(tenant, countMax: limits.jobsOfTenantMax - (places[tenant]?.held ?? 0))
        case .step(let lease):
            guard let job = waiting.removeValue(forKey: lease) else {
                preconditionFailure("a job in line that nobody has")
            }
            return .step(job)
        }
    }

    /// A look has ended.
    ///
    /// - Parameters:
    ///   - taken: what is under way from now on.
    ///   - next: when something else is due; nil when nothing is known to be.
    ///   - notBefore: the tenant is not looked at earlier, whoever wakes it.
    mutating func looked(
        at tenant: TenantID, taken: [HeldJob], next: Timestamp?, notBefore: Timestamp? = nil, at now: Timestamp
    ) {
        underWay -= 1
        for job in taken { queue(job, at: now) }
        guard let place = places[tenant] else { return }
        places[tenant]?.isLooking = false
        places[tenant]?.isWoken = false
        places[tenant]?.notBefore = notBefore ?? .ever
        places[tenant]?.held += taken.count
        let sweep = now.advanced(by: limits.period)
        setLook(tenant, place.isWoken ? now : min(sweep, max(next ?? sweep, now)))
    }

    /// A step has ended; `job` goes on, or is not this runner's any more.
    ///
    /// - Parameter took: how long the step was: so long the job rests.
    mutating func stepped(_ tenant: TenantID, _ job: HeldJob?, took: Duration = .zero, at now: Timestamp) {
        underWay -= 1
        if let job { return queue(job, at: now.advanced(by: min(max(took, .zero), limits.restMax))) }
        places[tenant]?.held -= 1
        // Another one may wait for the place, and what ended may have a successor.
        if places[tenant] != nil { wake(tenant, at: now) }
    }

    /// The lease of a job that waits for its step was made longer; nil when it is lost, which its step finds.
    mutating func renewed(_ job: HeldJob) {
        if waiting[job.lease] != nil { waiting[job.lease] = job }
    }

    private mutating func queue(_ job: HeldJob, at moment: Timestamp) {
        waiting[job.lease] = job
        rests.insert(alarm(job.lease, at: moment))
    }

    private mutating func alarm<Subject>(_ subject: Subject, at moment: Timestamp) -> Alarm<Subject> {
        alarmCount += 1
        return Alarm(moment: moment, number: alarmCount, subject: subject)
    }

    private mutating func setLook(_ tenant: TenantID, _ moment: Timestamp) {
        guard let place = places[tenant], !place.isLooking else { return }
        // A tenant that has all it may is looked at when one of its jobs ends.
        guard place.held < limits.jobsOfTenantMax else {
            places[tenant]?.nextLook = .never
            return
        }
        let look = alarm(tenant, at: max(moment, place.notBefore))
        places[tenant]?.nextLook = look.moment
        looks.insert(look)
        forgetOldLooks()
    }

    /// Whoever is woken often leaves many looks behind that no longer hold.
    private mutating func forgetOldLooks() {
        guard looks.count > 2 * places.count + 64 else { return }
        let valid = places.filter { !$1.isLooking && $1.nextLook != .never }
        looks = Heap(valid.map { alarm($0, at: $1.nextLook) })
    }

    private func holds(_ look: Alarm<TenantID>) -> Bool {
        guard let place = places[look.subject] else { return false }
        return !place.isLooking && place.nextLook == look.moment
    }
}

extension Timestamp {
    fileprivate static let ever = Timestamp(microseconds: .min)
    fileprivate static let never = Timestamp(microseconds: .max)
}
