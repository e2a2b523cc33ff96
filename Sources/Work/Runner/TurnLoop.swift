import Synchronization
import Tenancy

/// The loop of a runner: takes the turns of tenants as they come, several at once, until it is drained.
final class TurnLoop: Sendable {
    /// What a turn came to.
    enum Outcome: Sendable {
        /// As in `JobTurns.looked`.
        case looked(TenantID, taken: [HeldJob] = [], next: Timestamp?, notBefore: Timestamp? = nil)
        /// The job, if it goes on here.
        case stepped(TenantID, HeldJob?)
    }

    private let limits: JobLimits
    private let clock: JobClock
    private let turns: Mutex<JobTurns>
    private let isDraining = Atomic<Bool>(false)
    private let bell = JobBell()

    init(_ limits: JobLimits, _ clock: JobClock) {
        (self.limits, self.clock) = (limits, clock)
        turns = Mutex(JobTurns(limits))
    }

    /// The tenant is one of those that the runner works for, and is looked at now.
    ///
    /// - Returns: how many these are.
    @discardableResult
    func wake(_ tenant: TenantID) -> Int {
        let count = turns.withLock { turns in
            turns.wake(tenant, at: clock.now())
            return turns.tenantCount
        }
        bell.ring()
        return count
    }

    /// The tenant is looked at no more; what is under way there goes on to its end.
    func leave(_ tenant: TenantID) { turns.withLock { $0.leave(tenant) } }

    /// Begins nothing new; the turns that are under way end.
    func drain() {
        isDraining.store(true, ordering: .relaxed)
        bell.ring()
    }

    private enum Event: Sendable {
        case ended(TurnLoop.Outcome, took: Duration)
        case renewed([HeldJob])
        case rung
    }

    /// Takes turns until it is drained or, unless it waits for what is due later, until none is left at this moment of the clock; then
    /// jobs do not rest. On an event loop.
    ///
    /// - Parameters:
    ///   - renew: makes leases longer of jobs that wait for their next step; gives those that are still held.
    ///   - take: does what a turn asks for.
    /// - Returns: after a drain the jobs that are held.
    func work(
        waits: Bool, renewing renew: @escaping @Sendable ([HeldJob]) async -> [HeldJob] = { $0 },
        _ take: @escaping @Sendable (JobTurns.Turn) async -> Outcome
    ) async -> [HeldJob] {
        await withTaskGroup(of: Event.self) { group in
            var isRenewing = false
            /// Until when it sleeps; nil while it does not.
            var restsUntil: Timestamp?
            while true {
                let isDraining = isDraining.load(ordering: .relaxed)
                while !isDraining, let turn = turns.withLock({ $0.next(at: clock.now()) }) {
                    group.addTask {
                        let begin = self.clock.now()
                        let outcome = await take(turn)
                        return .ended(outcome, took: waits ? begin.distance(to: self.clock.now()) : .zero)
                    }
                }
                if !isDraining, !isRenewing, case let old = shortLeases(), !old.isEmpty {
                    isRenewing = true
                    group.addTask { .renewed(await renew(old)) }
                }
                if waits, !isDraining, restsUntil == nil {
                    let end = restEnd()
                    restsUntil = end
                    group.addTask { await self.rest(until: end) }
                }
                guard let event = await group.next() else { break }
                if case .rung = event { restsUntil = nil }
                if case .renewed = event { isRenewing = false }
                note(event)
                // What it brought may be due before the sleep is over.
                if let end = restsUntil, let next = turns.withLock({ $0.nextMoment() }), next < end { bell.ring() }
            }
        }
        return isDraining.load(ordering: .relaxed) ? turns.withLock { Array($0.waiting.values) } : []
    }

    private func note(_ event: Event) {
        let now = clock.now()
        turns.withLock { turns in
            switch event {
            case .ended(.looked(let tenant, let taken, let next, let notBefore), _):
                turns.looked(at: tenant, taken: taken, next: next, notBefore: notBefore, at: now)
            case .ended(.stepped(let tenant, let job), let took): turns.stepped(tenant, job, took: took, at: now)
            case .renewed(let jobs): for job in jobs { turns.renewed(job) }
            case .rung: break
            }
        }
    }

    /// When something is due, as far as is known now. Leases are to be looked after meanwhile.
    private func restEnd() -> Timestamp {
        turns.withLock { turns in
            let look = clock.now().advanced(by: turns.waiting.isEmpty ? limits.period : limits.lease / 4)
            return min(turns.nextMoment() ?? look, look)
        }
    }

    /// Sleeps until then, or until somebody rings.
    private func rest(until end: Timestamp) async -> Event {
        let wait = max(clock.now().distance(to: end), .milliseconds(1))
        await bell.wait { await self.clock.sleep(wait) }
        return .rung
    }

    /// Jobs that wait for their next step and whose lease is half over.
    private func shortLeases() -> [HeldJob] {
        let limit = clock.now().advanced(by: limits.lease / 2)
        return turns.withLock { $0.waiting.values.filter { $0.leasedUntil < limit } }
    }
}

extension Timestamp {
    fileprivate func distance(to other: Timestamp) -> Duration { .microseconds(other.microseconds - microseconds) }
}
