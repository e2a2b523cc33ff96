import HeapModule
import RPC
import Tenancy

/// How much a runner does at once.
package struct JobLimits: Hashable, Sendable {
    /// Steps, and looks for what is due, at once.
    package var turnsMax = 8
    /// Jobs of a tenant that are under way at once.
    package var jobsOfTenantMax = 2
    /// Jobs that are held here, with those that looks under way may bring; while there are so many, no more are looked for.
    package var jobsMax = 64
    /// Until a tenant is looked at again in which others work on a job: they may give it back before its lease ends.
    package var otherLook: Duration = .seconds(2)
    /// How long a job is kept for a runner that says nothing more.
    package var lease: Duration = .seconds(30)
    /// Until a tenant is looked at again whose due jobs others have, or that could not be looked at.
    package var pause: Duration = .seconds(1)
    /// How long a job is kept before it goes behind what else is due in its tenant.
    package var slice: Duration = .seconds(5)
    /// The same while tenants wait for a look since so many jobs are held.
    package var shortSlice: Duration = .milliseconds(500)
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
    /// Its steps do not hold its row: the lease is made longer meanwhile.
    let isFreeInSteps: Bool
    /// When the lease is to be made longer, unless a step stores the job before.
    private(set) var renewAt: Timestamp
    /// Since when it has been having its turns here; nil before the first.
    var begunAt: Timestamp?

    init(
        tenantID: TenantID, name: String, userID: UserID?, lease: JobLease, isFreeInSteps: Bool = false,
        until end: Timestamp, _ limits: JobLimits
    ) {
        (self.tenantID, self.name, self.userID, self.lease) = (tenantID, name, userID, lease)
        (self.isFreeInSteps, renewAt) = (isFreeInSteps, end.advanced(by: .zero - limits.lease / 2))
    }

    /// With a lease that ends then.
    func leased(until end: Timestamp, _ limits: JobLimits) -> HeldJob {
        renewed(at: end.advanced(by: .zero - limits.lease / 2))
    }

    func renewed(at moment: Timestamp) -> HeldJob {
        var job = self
        job.renewAt = moment
        return job
    }
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
        enum Looking { case no, inLine, underWay }

        var nextLook: Timestamp
        /// Whoever wakes it.
        var notBefore: Timestamp = .ever
        var looking = Looking.no
        /// Woken while being looked at.
        var isWoken = false
        /// Jobs of it that are under way here.
        var held: Set<JobLease> = []
        /// It is looked at no more, and gone when its jobs are.
        var isLeft = false

        var isOver: Bool { isLeft && held.isEmpty && looking == .no }
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
    /// Looks that stand in line or are under way. Each may bring as many jobs as a tenant may have.
    private var looksOut = 0
    /// What rests, or waits for its next step. A job whose lease has ended here may be taken here again.
    private(set) var waiting: [JobLease: HeldJob] = [:]
    /// Jobs whose step is under way.
    private var stepping: [JobLease: HeldJob] = [:]
    /// Tenants that are known and were not left.
    private(set) var tenantCount = 0
    /// The latest moment that was told.
    private var latest = Timestamp.ever

    init(_ limits: JobLimits) { self.limits = limits }

    /// Looks that are remembered, with those that no longer hold.
    var lookCount: Int { looks.count }

    /// Jobs that are held here.
    var heldCount: Int { waiting.count + stepping.count }

    /// The tenant is one of those that the runner works for, and is looked at now.
    mutating func wake(_ tenant: TenantID, at now: Timestamp) {
        follow(now)
        if places[tenant]?.isLeft != false { tenantCount += 1 }
        places[tenant, default: Place(nextLook: now)].isLeft = false
        if places[tenant]?.looking == .underWay { places[tenant]?.isWoken = true }
        setLook(tenant, now)
    }

    /// The tenant is not looked at any more; what its jobs that are under way do goes on to its end.
    mutating func leave(_ tenant: TenantID) {
        guard places[tenant]?.isLeft == false else { return }
        tenantCount -= 1
        places[tenant]?.isLeft = true
        places[tenant]?.nextLook = .never
        if places[tenant]?.looking == .inLine {
            line.remove(of: tenant) { if case .look = $0 { true } else { false } }
            places[tenant]?.looking = .no
            looksOut -= 1
        }
        forgetIfOver(tenant)
    }

    /// The first moment at which something is to be done that is not in the line yet. While so many jobs are held here, no tenant is looked at.
    mutating func nextMoment() -> Timestamp? {
        [nextLook(), rests.min?.moment].compactMap(\.self).min()
    }

    private mutating func nextLook() -> Timestamp? {
        guard heldCount + looksOut * limits.jobsOfTenantMax < limits.jobsMax else { return nil }
        return firstLook()
    }

    /// How long a job may have its turns now before it gives its place back.
    mutating func slice(at now: Timestamp) -> Duration {
        guard nextLook() == nil, let look = firstLook(), look <= now else { return limits.slice }
        return limits.shortSlice
    }

    private mutating func firstLook() -> Timestamp? {
        while let look = looks.min, !holds(look) { looks.removeMin() }
        return looks.min?.moment
    }

    /// The next turn; nil when there is none now, or as many are under way as may be.
    mutating func next(at now: Timestamp) -> Turn? {
        follow(now)
        while let rest = rests.min, rest.moment <= now {
            rests.removeMin()
            if let job = waiting[rest.subject] { line.append(.step(rest.subject), of: job.tenantID, cost: 1) }
        }
        while let moment = nextLook(), moment <= now, let look = looks.popMin() {
            places[look.subject]?.looking = .inLine
            looksOut += 1
            line.append(.look, of: look.subject, cost: 1)
        }
        guard underWay < limits.turnsMax, let (tenant, entry) = line.popFirst() else { return nil }
        underWay += 1
        switch entry {
        case .look:
            places[tenant]?.looking = .underWay
            return .look(tenant, countMax: limits.jobsOfTenantMax - (places[tenant]?.held.count ?? 0))
        case .step(let lease):
            guard var job = waiting.removeValue(forKey: lease) else {
                preconditionFailure("a job in line that nobody has")
            }
            job.begunAt = job.begunAt ?? now
            stepping[lease] = job
            return .step(job)
        }
    }

    /// A look has ended.
    ///
    /// - Parameters:
    ///   - taken: what is under way from now on.
    ///   - next: when something else is due; nil when nothing is known to be, so that it is looked at when it is woken.
    ///   - notBefore: the tenant is not looked at earlier, whoever wakes it.
    mutating func looked(
        at tenant: TenantID, taken: [HeldJob], next: Timestamp?, notBefore: Timestamp? = nil, at now: Timestamp
    ) {
        follow(now)
        underWay -= 1
        looksOut -= 1
        for job in taken {
            queue(job, at: now)
            places[tenant]?.held.insert(job.lease)
        }
        let isWoken = places[tenant]?.isWoken == true
        places[tenant]?.looking = .no
        places[tenant]?.isWoken = false
        places[tenant]?.notBefore = notBefore ?? .ever
        setLook(tenant, isWoken ? now : max(next ?? .never, now))
        forgetIfOver(tenant)
    }

    /// A step has ended.
    ///
    /// - Parameters:
    ///   - next: the job if it goes on here; nil when it is not this runner's any more.
    ///   - took: how long the step was: so long the job rests.
    mutating func stepped(_ job: HeldJob, _ next: HeldJob?, took: Duration = .zero, at now: Timestamp) {
        follow(now)
        underWay -= 1
        stepping[job.lease] = nil
        if let next { return queue(next, at: now.advanced(by: min(max(took, .zero), limits.restMax))) }
        places[job.tenantID]?.held.remove(job.lease)
        forgetIfOver(job.tenantID)
        // Another one may wait for the place, and what ended may have a successor.
        if places[job.tenantID]?.isLeft == false { wake(job.tenantID, at: now) }
    }

    /// Jobs whose leases are to be made longer now: of those that wait, and of those whose steps do not hold their rows.
    func renewals(at now: Timestamp) -> [HeldJob] {
        (Array(waiting.values) + stepping.values.filter(\.isFreeInSteps)).filter { $0.renewAt <= now }
    }

    /// The lease of a job was made longer, or that was tried.
    mutating func renewed(_ job: HeldJob) {
        waiting[job.lease] = waiting[job.lease]?.renewed(at: job.renewAt)
        stepping[job.lease] = stepping[job.lease]?.renewed(at: job.renewAt)
    }

    /// A clock that was put back takes along what is planned.
    private mutating func follow(_ now: Timestamp) {
        defer { latest = now }
        let jump = latest == .ever ? 0 : now.microseconds - latest.microseconds
        guard jump < -Self.jumpMin else { return }
        func moved(_ moment: Timestamp) -> Timestamp {
            moment == .ever || moment == .never ? moment : Timestamp(microseconds: moment.microseconds + jump)
        }
        rests = Heap(rests.unordered.map { alarm($0.subject, at: moved($0.moment)) })
        for (tenant, place) in places {
            places[tenant]?.nextLook = moved(place.nextLook)
            places[tenant]?.notBefore = moved(place.notBefore)
        }
        forgetOldLooks(atLeast: 0)
    }

    /// Of a clock that goes back, in microseconds: less is waited for.
    private static let jumpMin: Int64 = 1_000_000

    private mutating func forgetIfOver(_ tenant: TenantID) {
        if places[tenant]?.isOver == true { places[tenant] = nil }
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
        guard let place = places[tenant], place.looking == .no, !place.isLeft else { return }
        // A tenant that has all it may is looked at when one of its jobs ends.
        guard place.held.count < limits.jobsOfTenantMax else {
            places[tenant]?.nextLook = .never
            return
        }
        let look = alarm(tenant, at: max(moment, place.notBefore))
        places[tenant]?.nextLook = look.moment
        guard look.moment != .never else { return }
        looks.insert(look)
        forgetOldLooks(atLeast: 2 * places.count + 64)
    }

    /// Whoever is woken often leaves many looks behind that no longer hold.
    private mutating func forgetOldLooks(atLeast count: Int) {
        guard looks.count > count else { return }
        let valid = places.filter { $1.looking == .no && $1.nextLook != .never }
        looks = Heap(valid.map { alarm($0, at: $1.nextLook) })
    }

    private func holds(_ look: Alarm<TenantID>) -> Bool {
        guard let place = places[look.subject] else { return false }
        return place.looking == .no && place.nextLook == look.moment
    }
}

extension Timestamp {
    fileprivate static let ever = Timestamp(microseconds: .min)
    static let never = Timestamp(microseconds: .max)
}
