package import Tenancy
package import Text

/// What becomes of the moments of a schedule at which nobody could run the job: its program was down, its workspace suspended, the run before
/// not at its end.
package enum MissedRuns: Hashable, Sendable {
    /// A run that would begin later than so long after its moment is left out.
    case skip(lateBy: Duration)
    /// One run, however many were missed.
    case once
    /// Each moment has its run, late; of many the last so many. At least 1.
    case all(max: Int)

    /// Whether the run of a moment is not to begin any more.
    package func leavesOut(_ moment: Timestamp, at now: Timestamp) -> Bool {
        guard case .skip(let late) = self else { return false }
        return moment.advanced(by: late) < now
    }

    /// The moment of the run that comes after one.
    ///
    /// - Parameters:
    ///   - moment: of the run that ends, or is left out.
    ///   - started: when it began; nil when it did not.
    package func successor(
        of moment: Timestamp, started: Timestamp?, at now: Timestamp, _ schedule: JobSchedule, in zone: TimeZone
    ) -> Timestamp? {
        switch self {
        case .skip(let late):
            let earliest = now.advanced(by: .zero - late).advanced(by: .microseconds(-1))
            return schedule.next(after: max(moment, earliest), in: zone)
        case .once: return schedule.next(after: max(moment, started ?? now), in: zone)
        case .all(let countMax): return last(countMax, after: moment, at: now, schedule, zone)
        }
    }

    /// The first of the last moments that have passed; the next one when none has.
    private func last(
        _ countMax: Int, after moment: Timestamp, at now: Timestamp, _ schedule: JobSchedule, _ zone: TimeZone
    ) -> Timestamp? {
        precondition(countMax > 0, "of the moments that were missed some have a run")
        let reach = Duration.seconds(-schedule.periodMax * Int64(countMax + 1))
        var passed: [Timestamp] = []
        var next = schedule.next(after: max(moment, now.advanced(by: reach)), in: zone)
        while let found = next, found <= now {
            passed.append(found)
            next = schedule.next(after: found, in: zone)
        }
        return passed.suffix(countMax).first ?? next
    }
}
