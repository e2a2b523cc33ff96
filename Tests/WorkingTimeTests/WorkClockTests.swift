import Tenancy
import Testing
import Text

@testable import WorkingTime

/// Working time against an evaluator that looks at each minute.
@Suite struct WorkClockTests {
    /// Their clocks are changed by an hour, by half an hour, at midnight, never, and by a day that was left out.
    static let zones = [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Shanghai", "Pacific/Apia",
        "Asia/Kathmandu",
    ]

    /// Days around which clocks were changed somewhere among these, and one where they were not.
    static let days = [
        "2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2011-12-30", "2026-09-06", "2026-06-17",
    ]

    private struct Naive {
        let plan: WorkPlan
        let zone: TimeZone

        func isWorking(_ minute: Int) -> Bool {
            let local = minute * 60 + Int(zone.offset(at: Int64(minute * 60)))
            let day = Int((Double(local) / 86_400).rounded(.down))
            let minuteOfDay = (local - day * 86_400) / 60
            let date = CalendarDay(daysSince1970: day)
            let hours = plan.days[date] ?? plan.weekly[((day + 3) % 7 + 7) % 7]
            return hours.contains { $0.lowerBound <= minuteOfDay && minuteOfDay < $0.upperBound }
        }
    }

    private func randomHours(_ random: inout some RandomNumberGenerator) -> [Range<Int>] {
        var edges: Set<Int> = []
        for _ in 0..<2 * Int.random(in: 0...3, using: &random) {
            edges.insert(Int.random(in: 0...1_440, using: &random))
        }
        let sorted = edges.sorted()
        return stride(from: 0, to: sorted.count - 1, by: 2).map { sorted[$0]..<sorted[$0 + 1] }
    }

    private func randomPlan(around day: CalendarDay, _ random: inout some RandomNumberGenerator) -> WorkPlan {
        var weekly: [Int: [Range<Int>]] = [:]
        for weekday in 1...7 { weekly[weekday] = randomHours(&random) }
        var days: [CalendarDay: [Range<Int>]] = [:]
        for _ in 0..<3 {
            let other = CalendarDay(daysSince1970: day.daysSince1970 + Int.random(in: -3...5, using: &random))
            days[other] = randomHours(&random)
        }
        return WorkPlan(weekly: weekly, days: days)
    }

    @Test(arguments: zones, days)
    func itCountsAsWhoLooksAtEachMinute(_ zoneName: String, _ dayText: String) throws {
        let zone = try #require(TimeZone(zoneName))
        let day = try #require(CalendarDay(dayText))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<25 {
            let plan = randomPlan(around: day, &random)
            let (clock, naive) = (WorkClock(plan, in: zone), Naive(plan: plan, zone: zone))
            let start = day.daysSince1970 * 1_440 + Int.random(in: -2_000...1_000, using: &random)
            let length = Int.random(in: 0...6_000, using: &random)
            var counted = 0
            var firstAfter: [Int: Int] = [0: start]
            var isSame = true
            for minute in start..<start + length {
                let isWorking = naive.isWorking(minute)
                isSame = isSame && clock.isWorking(at: Timestamp(seconds: Int64(minute * 60))) == isWorking
                guard isWorking else { continue }
                counted += 1
                firstAfter[counted] = minute + 1
            }
            #expect(isSame, "\(plan)")
            let from = Timestamp(seconds: Int64(start * 60))
            let time = clock.time(from: from, to: Timestamp(seconds: Int64((start + length) * 60)))
            #expect(time == .seconds(60 * counted), "\(zoneName) \(start) \(length) \(plan)")
            let wanted = Int.random(in: 0...max(counted, 0), using: &random)
            let reached = clock.moment(after: .seconds(60 * wanted), from: from)
            let expected = firstAfter[wanted].map { Timestamp(seconds: Int64($0 * 60)) }
            #expect(reached == expected, "\(zoneName) \(start) \(wanted) \(plan)")
        }
    }

    @Test func workingDaysSkipHolidaysAndKeepTheTimeOfDay() throws {
        let shanghai = try #require(TimeZone("Asia/Shanghai"))
        // The National Day of 2026, and the Saturday that is worked for it.
        var days: [CalendarDay: [Range<Int>]] = [:]
        for day in 1...7 { days[try #require(CalendarDay(year: 2026, month: 10, day: day))] = [] }
        days[try #require(CalendarDay("2026-10-10"))] = [540..<1_020]
        let clock = WorkClock(WorkPlan.usual.changed(weekly: nil, days: days), in: shanghai)
        let wednesday = try #require(Timestamp("2026-09-30T15:30:00.25+08:00"))
        #expect(clock.moment(afterDays: 1, from: wednesday) == Timestamp("2026-10-08T15:30:00.25+08:00"))
        #expect(clock.moment(afterDays: 3, from: wednesday) == Timestamp("2026-10-10T15:30:00.25+08:00"))
        #expect(clock.moment(afterDays: 4, from: wednesday) == Timestamp("2026-10-12T15:30:00.25+08:00"))
        #expect(clock.moment(afterDays: 0, from: wednesday) == wednesday)
        // An hour and a half are left of that day.
        #expect(clock.moment(after: .seconds(2 * 3_600), from: wednesday) == Timestamp("2026-10-08T09:30:00.25+08:00"))
        // Whose last second is over has worked all day.
        let half = try #require(Timestamp("2026-09-30T15:30:00+08:00"))
        #expect(clock.moment(after: .seconds(5_400), from: half) == Timestamp("2026-09-30T17:00:00+08:00"))
    }

    @Test func nightsWhenClocksAreChangedHaveAnHourLessOrMore() throws {
        let berlin = try #require(TimeZone("Europe/Berlin"))
        let nights = WorkPlan(weekly: [7: [0..<360]])
        let clock = WorkClock(nights, in: berlin)
        func hours(_ from: String, _ to: String) throws -> Duration {
            clock.time(from: try #require(Timestamp(from)), to: try #require(Timestamp(to)))
        }
        let spring = try hours("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z")
        let autumn = try hours("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z")
        #expect(spring == .seconds(5 * 3_600) && autumn == .seconds(7 * 3_600))
    }

    @Test func whoNeverWorksReachesNothing() throws {
        let clock = WorkClock(WorkPlan(weekly: [:]), in: try #require(TimeZone("UTC")))
        let now = Timestamp(seconds: 1_800_000_000)
        #expect(clock.moment(after: .seconds(1), from: now) == nil)
        #expect(clock.moment(afterDays: 1, from: now) == nil)
        #expect(!clock.isWorking(at: now) && clock.time(from: now, to: Timestamp(seconds: 1_900_000_000)) == .zero)
    }

    @Test func durationsAreExactAndBounded() throws {
        let clock = WorkClock(.usual, in: try #require(TimeZone("UTC")))
        let monday = try #require(Timestamp("2026-06-15T09:00:00Z"))
        let week = clock.moment(after: .microseconds(5 * 8 * 3_600_000_000 - 1), from: monday)
        #expect(week == Timestamp("2026-06-19T16:59:59.999999Z"))
        let (back, nothing) = (
            clock.moment(after: .seconds(-1), from: monday), clock.moment(after: .nanoseconds(1), from: monday)
        )
        #expect(back == monday && nothing == monday)
        #expect(clock.moment(after: .seconds(Int64.max), from: monday) == nil)
        #expect(clock.moment(afterDays: .max, from: monday) == nil)
    }

    @Test func hoursThatTouchOrOverlapAreOne() {
        let plan = WorkPlan(weekly: [1: [600..<720, 540..<600, 700..<2_000], 8: [0..<10]])
        #expect(plan.weekly[0] == [540..<1_440] && plan.weekly[1...].allSatisfy(\.isEmpty))
    }
}
