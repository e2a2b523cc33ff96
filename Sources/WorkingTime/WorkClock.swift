package import Tenancy
package import Text

/// Reckons with working time: the hours of a plan, as the clocks of a time zone show them. Where clocks are put forward the hour that they
/// leave out is nobody's working time, and where they are put back the hour that they show twice is worked twice.
package struct WorkClock: Sendable {
    private let plan: WorkPlan
    private let zone: TimeZone

    package init(_ plan: WorkPlan, in zone: TimeZone) { (self.plan, self.zone) = (plan, zone) }

    /// How far ahead working time is looked for: a plan may have none.
    package static let daysAheadMax = 366 * 30

    package func isWorking(at moment: Timestamp) -> Bool {
        let now = Int(moment.microseconds)
        let (day, time) = Self.parts(now + offset(at: now))
        return plan.hours(on: day).contains {
            ($0.lowerBound * Self.minute..<$0.upperBound * Self.minute).contains(time)
        }
    }

    /// The first moment before which so much working time has passed since another; nil when there is not so much within thirty years.
    ///
    /// - Parameter duration: none gives the moment itself.
    package func moment(after duration: Duration, from start: Timestamp) -> Timestamp? {
        guard duration > .zero else { return start }
        guard duration < .seconds(Self.daysAheadMax * 86_400) else { return nil }
        // A quotient of durations is a Double, which loses the last microsecond.
        let (seconds, attoseconds) = duration.components
        var rest = Int(seconds) * Self.second + Int(attoseconds / 1_000_000_000_000)
        guard rest > 0 else { return start }
        var end: Int?
        let now = Int(start.microseconds)
        walk(from: now, until: now + Self.daysAheadMax * Self.day) { stretch in
            guard stretch.count < rest else {
                end = stretch.lowerBound + rest
                return false
            }
            rest -= stretch.count
            return true
        }
        return end.map { Timestamp(microseconds: Int64($0)) }
    }

    /// The same time of the day, so many working days later; nil when there are not so many within thirty years. The day of the moment is
    /// not counted.
    ///
    /// - Parameter count: none gives the moment itself.
    package func moment(afterDays count: Int, from start: Timestamp) -> Timestamp? {
        guard count > 0 else { return start }
        let now = Int(start.microseconds)
        let (today, time) = Self.parts(now + offset(at: now))
        var rest = count
        for ahead in 1...Self.daysAheadMax {
            let day = CalendarDay(daysSince1970: today.daysSince1970 + ahead)
            guard plan.isWorkingDay(day) else { continue }
            rest -= 1
            guard rest == 0 else { continue }
            let (seconds, fraction) = time.quotientAndRemainder(dividingBy: Self.second)
            let moment = zone.moment(showing: Int64(day.daysSince1970 * 86_400 + seconds))
            return Timestamp(microseconds: moment * Int64(Self.second) + Int64(fraction))
        }
        return nil
    }

    /// How much working time lies between two moments; none when the second is the earlier one.
    package func time(from start: Timestamp, to end: Timestamp) -> Duration {
        var total = 0
        walk(from: Int(start.microseconds), until: Int(end.microseconds)) { stretch in
            total += stretch.count
            return true
        }
        return .microseconds(total)
    }

    // MARK: Stretches of working time

    private static let second = 1_000_000
    private static let minute = 60 * second
    private static let day = WorkPlan.minutesOfDay * minute

    /// Tells the stretches of working time in order, in microseconds since 1970, until `visit` gives false.
    private func walk(from start: Int, until end: Int, _ visit: (Range<Int>) -> Bool) {
        var moment = start
        while moment < end {
            let next = steadyEnd(from: moment, until: min(moment + Self.day, end))
            guard tell(moment..<next, visit) else { return }
            moment = next
        }
    }

    /// The working time of a stretch in which nobody changes the clocks.
    private func tell(_ steady: Range<Int>, _ visit: (Range<Int>) -> Bool) -> Bool {
        let offset = offset(at: steady.lowerBound)
        var (day, _) = Self.parts(steady.lowerBound + offset)
        while day.daysSince1970 * Self.day - offset < steady.upperBound {
            let midnight = day.daysSince1970 * Self.day - offset
            for hours in plan.hours(on: day) {
                let stretch = (midnight + hours.lowerBound * Self.minute)..<(midnight + hours.upperBound * Self.minute)
                let part = stretch.clamped(to: steady)
                guard part.isEmpty || visit(part) else { return false }
            }
            day = CalendarDay(daysSince1970: day.daysSince1970 + 1)
        }
        return true
    }

    /// Until when the clocks are not changed, at most a day: no zone changes them twice in one.
    private func steadyEnd(from start: Int, until end: Int) -> Int {
        let offset = offset(at: start)
        guard self.offset(at: end - 1) != offset else { return end }
        // Clocks are changed when a second begins.
        var (before, after) = (start / Self.second, (end - 1) / Self.second)
        while after - before > 1 {
            let middle = (before + after) / 2
            if Int(zone.offset(at: Int64(middle))) * Self.second == offset { before = middle } else { after = middle }
        }
        return after * Self.second
    }

    private func offset(at microseconds: Int) -> Int {
        Int(zone.offset(at: Timestamp(microseconds: Int64(microseconds)).secondsAndNanos.seconds)) * Self.second
    }

    /// A day, and the microseconds since it began.
    private static func parts(_ local: Int) -> (day: CalendarDay, time: Int) {
        let (quotient, remainder) = local.quotientAndRemainder(dividingBy: day)
        return remainder < 0
            ? (CalendarDay(daysSince1970: quotient - 1), remainder + day)
            : (CalendarDay(daysSince1970: quotient), remainder)
    }
}
