/// A call that is to be made.
struct Arrival: Equatable {
    /// From 0 on.
    let index: Int
    /// When it is due, from the beginning of the benchmark. Its latency counts from here.
    let due: Duration
    /// Not part of the warm-up.
    let isMeasured: Bool
}

/// Says which call comes next and when. Knows no clock: whoever asks says what time it is, counted from the beginning.
struct LoadPacer {
    /// Where the calls come from.
    enum Shape: Equatable {
        /// Each of so many callers makes its next call when the one before has been answered: the slower the server, the
        /// fewer the calls.
        case closed(seconds: Double)
        /// Calls are due at fixed times, whether earlier ones have been answered or not.
        case open(ArrivalSchedule)
    }

    let shape: Shape
    let warmUp: Duration
    /// Most measured calls.
    let callCountMax: Int
    /// Measured calls that began later than `BenchLimits.lateAfter` after their time.
    private(set) var lateCount = 0
    /// Measured calls that were given up, because the server was too slow for the schedule.
    private(set) var unsentCount = 0

    private var nextIndex = 0
    private var measuredCount = 0
    private let schedule: ArrivalSchedule?

    /// `shape` without the warm-up, which comes first.
    init(shape: Shape, warmUp: Duration, callCountMax: Int = BenchLimits.callsMax) {
        self.shape = shape
        self.warmUp = warmUp
        self.callCountMax = callCountMax
        if case .open(let schedule) = shape {
            self.schedule = schedule.warmedUp(for: warmUp / .seconds(1))
        } else {
            schedule = nil
        }
    }

    /// When the last call may begin, calls that are behind aside.
    var end: Duration {
        switch shape {
        case .closed(let seconds): warmUp + .seconds(seconds)
        case .open(let schedule): warmUp + .seconds(schedule.seconds)
        }
    }

    /// Measured calls that are to be made; nil when that depends on the server.
    var plannedCount: Int? {
        guard let schedule else { return callCountMax < BenchLimits.callsMax ? callCountMax : nil }
        return min(callCountMax, schedule.count - schedule.count(before: warmUp / .seconds(1)))
    }

    /// The next call, which is now the asker's to make; nil when there are no more. Wait until it is due, then `begin` it.
    mutating func next(at now: Duration) -> Arrival? {
        guard measuredCount < callCountMax else { return nil }
        let due: Duration
        if let schedule {
            guard let time = schedule.time(of: nextIndex) else { return nil }
            due = .seconds(time)
        } else {
            guard now < end else { return nil }
            due = now
        }
        let arrival = Arrival(index: nextIndex, due: due, isMeasured: due >= warmUp)
        nextIndex += 1
        if arrival.isMeasured { measuredCount += 1 }
        return arrival
    }

    /// Whether the call is still made, now. When not, it and all that come after it count as not sent.
    mutating func begin(_ arrival: Arrival, at now: Duration) -> Bool {
        if now > end + BenchLimits.catchUpMax, let planned = plannedCount {
            if arrival.isMeasured { unsentCount += 1 }
            unsentCount += max(0, planned - measuredCount)
            measuredCount = callCountMax
            return false
        }
        if arrival.isMeasured, now - arrival.due > BenchLimits.lateAfter { lateCount += 1 }
        return true
    }
}
