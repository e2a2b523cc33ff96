import Synchronization
import Tenancy

/// The loop of a runner: takes the turns of tenants as they come, several at once, until it is drained.
final class TurnLoop: Sendable {
    /// What a turn came to.
    enum Outcome: Sendable {
        /// As in `JobTurns.looked`.
        case looked(TenantID, taken: [HeldJob] = [], next: Timestamp?, notBefore: Timestamp? = nil)
        /// A job had its step; `next` is it if it goes on here.
        case stepped(HeldJob, next: HeldJob?)
    }

    /// Of a runner that knows of nothing to do.
    private static let sleepMax = Duration.seconds(300)

    private let limits: JobLimits
    private let clock: JobClock
    private let state: Mutex<State>
    private let isDraining = Atomic<Bool>(false)
    private let bell = JobBell()

    private struct State {
        var turns: JobTurns
        /// Nil while it does not sleep.
        var sleepsUntil: Timestamp?

        /// Something is due before the sleep is over.
        var sleepsTooLong: Bool {
            mutating get {
                guard let sleepsUntil, let next = turns.nextMoment() else { return false }
                return next < sleepsUntil
            }
        }
    }

    init(_ limits: JobLimits, _ clock: JobClock) {
        (self.limits, self.clock) = (limits, clock)
        state = Mutex(State(turns: JobTurns(limits)))
    }

    /// The tenant is one of those that the runner works for, and is looked at now.
    ///
    /// - Returns: how many these are.
    @discardableResult
    func wake(_ tenant: TenantID) -> Int {
        let (count, sleepsTooLong) = state.withLock { state in
            state.turns.wake(tenant, at: clock.now())
            return (state.turns.tenantCount, state.sleepsTooLong)
        }
        if sleepsTooLong { bell.ring() }
        return count
    }

    /// The tenant is looked at no more; what is under way there goes on to its end.
    func leave(_ tenant: TenantID) { state.withLock { $0.turns.leave(tenant) } }

    /// Begins nothing new; the turns that are under way end.
    func drain() {
        isDraining.store(true, ordering: .relaxed)
        bell.ring()
    }

    /// How long a job may have its turns now before it gives its place back.
    func slice() -> Duration { state.withLock { $0.turns.slice(at: clock.now()) } }

    private enum Event: Sendable {
        case ended(TurnLoop.Outcome, took: Duration)
        case renewed([HeldJob])
        case rung
    }

    /// Takes turns until it is drained or, unless it waits for what is due later, until none is left at this moment of the clock; then
    /// jobs do not rest. On an event loop.
    ///
    /// - Parameters:
    ///   - renew: makes leases longer; gives the jobs with what came of it.
    ///   - take: does what a turn asks for.
    /// - Returns: after a drain the jobs that are held.
    func work(
        waits: Bool, renewing renew: @escaping @Sendable ([HeldJob]) async -> [HeldJob] = { $0 },
        _ take: @escaping @Sendable (JobTurns.Turn) async -> Outcome
    ) async -> [HeldJob] {
        await withTaskGroup(of: Event.self) { group in
            var isRenewing = false
            while true {
                let isDraining = isDraining.load(ordering: .relaxed)
                while !isDraining, let turn = state.withLock({ $0.turns.next(at: clock.now()) }) {
                    group.addTask {
                        let begin = self.clock.now()
                        let outcome = await take(turn)
                        return .ended(outcome, took: waits ? begin.distance(to: self.clock.now()) : .zero)
                    }
                }
                if !isDraining, !isRenewing, case let due = state.withLock({ $0.turns.renewals(at: clock.now()) }),
                    !due.isEmpty
                {
                    isRenewing = true
                    group.addTask { .renewed(await renew(due)) }
                }
                if waits, !isDraining, let end = sleepEnd() { group.addTask { await self.sleep(until: end) } }
                guard let event = await group.next() else { break }
                if case .renewed = event { isRenewing = false }
                note(event)
            }
        }
        return isDraining.load(ordering: .relaxed) ? state.withLock { Array($0.turns.waiting.values) } : []
    }

    private func note(_ event: Event) {
        let now = clock.now()
        let sleepsTooLong = state.withLock { state in
            switch event {
            case .ended(.looked(let tenant, let taken, let next, let notBefore), _):
                state.turns.looked(at: tenant, taken: taken, next: next, notBefore: notBefore, at: now)
            case .ended(.stepped(let job, let next), let took): state.turns.stepped(job, next, took: took, at: now)
            case .renewed(let jobs): for job in jobs { state.turns.renewed(job) }
            case .rung: state.sleepsUntil = nil
            }
            return state.sleepsTooLong
        }
        if sleepsTooLong { bell.ring() }
    }

    /// Until when to sleep, unless it does already: until something is due, as far as is known now. Leases are to be looked after meanwhile.
    private func sleepEnd() -> Timestamp? {
        state.withLock { state in
            guard state.sleepsUntil == nil else { return nil }
            let look = clock.now().advanced(by: state.turns.heldCount == 0 ? Self.sleepMax : limits.lease / 8)
            state.sleepsUntil = min(state.turns.nextMoment() ?? look, look)
            return state.sleepsUntil
        }
    }

    /// Sleeps until then, or until somebody rings.
    private func sleep(until end: Timestamp) async -> Event {
        let wait = max(clock.now().distance(to: end), .milliseconds(1))
        await bell.wait { await self.clock.sleep(wait) }
        return .rung
    }
}

extension Timestamp {
    func distance(to other: Timestamp) -> Duration { .microseconds(other.microseconds - microseconds) }
}
