import Tenancy
import TestSupport
import Testing
import Text

@testable import Work

/// Which moments a schedule has, whatever clocks do.
@Suite struct JobScheduleTests {
    static let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]

    /// The moments of a schedule after a time in UTC, as clocks of the zone show them.
    private func shown(
        _ schedule: JobSchedule, _ zone: String, after text: String, _ count: Int
    ) throws -> [String] {
        let zone = try #require(TimeZone(zone))
        var moment = try #require(Timestamp(text))
        return try (0..<count).map { _ in
            moment = try #require(schedule.next(after: moment, in: zone))
            return local(moment, zone).text
        }
    }

    private func local(_ moment: Timestamp, _ zone: TimeZone) -> Timestamp {
        let seconds = moment.secondsAndNanos.seconds
        return Timestamp(seconds: seconds + zone.offset(at: seconds))
    }

    @Test func aTimeThatClocksLeaveOutIsLaterByTheGap() throws {
        let berlin = try shown(.daily(TimeOfDay(2, 30)), "Europe/Berlin", after: "2026-03-28T00:00:00Z", 3)
        #expect(berlin == ["2026-03-28T02:30:00Z", "2026-03-29T03:30:00Z", "2026-03-30T02:30:00Z"])
        let island = try shown(.daily(TimeOfDay(2, 15)), "Australia/Lord_Howe", after: "2026-10-02T18:00:00Z", 2)
        #expect(island == ["2026-10-04T02:45:00Z", "2026-10-05T02:15:00Z"])
    }

    @Test func aTimeThatClocksShowTwiceIsTheFirst() throws {
        let zone = try #require(TimeZone("America/New_York"))
        let before = try #require(Timestamp("2026-11-01T04:00:00Z"))
        let schedule = JobSchedule.daily(TimeOfDay(1, 30))
        let first = try #require(schedule.next(after: before, in: zone))
        let second = try #require(schedule.next(after: first, in: zone))
        #expect(first.text == "2026-11-01T05:30:00Z" && second.text == "2026-11-02T06:30:00Z")
    }

    @Test func aShortMonthHasItsLastDay() throws {
        let days = try shown(.monthly(day: 31, TimeOfDay(9)), "Asia/Kolkata", after: "2028-01-01T00:00:00Z", 4)
        #expect(days.map { $0.prefix(10) } == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"])
        let thirtieth = try shown(.monthly(day: 30, TimeOfDay(0)), "UTC", after: "2027-01-31T00:00:00Z", 2)
        #expect(thirtieth.map { $0.prefix(10) } == ["2027-02-28", "2027-03-30"])
    }

    @Test func weeksMinutesAndOnce() throws {
        let weeks = try shown(.weekly(.monday, TimeOfDay(8)), "Europe/Berlin", after: "2026-03-24T00:00:00Z", 2)
        #expect(weeks == ["2026-03-30T08:00:00Z", "2026-04-06T08:00:00Z"])
        let minutes = try shown(.every(minutes: 15), "UTC", after: "2026-01-01T00:15:00Z", 2)
        #expect(minutes == ["2026-01-01T00:30:00Z", "2026-01-01T00:45:00Z"])
        let early = try shown(.every(minutes: 60), "UTC", after: "1969-12-31T22:30:00Z", 2)
        #expect(early == ["1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"])
        let utc = try #require(TimeZone("UTC"))
        let only = try #require(Timestamp("2026-01-01T00:00:00Z"))
        #expect(JobSchedule.once(only).next(after: only, in: utc) == nil)
        #expect(JobSchedule.once(only).next(after: Timestamp(microseconds: 0), in: utc) == only)
    }

    /// A day in Samoa that never was has its run when the next one begins there.
    @Test func aDayThatIsLeftOutIsNoSecondRun() throws {
        let days = try shown(.daily(TimeOfDay(2)), "Pacific/Apia", after: "2011-12-29T00:00:00Z", 3)
        #expect(days == ["2011-12-29T02:00:00Z", "2011-12-31T02:00:00Z", "2012-01-01T02:00:00Z"])
    }

    @Test func unknownZonesAreNone() {
        #expect(TimeZone("Europe/Atlantis") == nil && TimeZone("") == nil && TimeZone("GMT+5") == nil)
    }

    /// Moments rise; between two of them the schedule has none; each day has one, at its time unless clocks leave that out.
    @Test(arguments: zones) func everyDayHasItsMoment(_ name: String) throws {
        let zone = try #require(TimeZone(name))
        var random = SeededGenerator(seed: 7)
        for _ in 0..<40 {
            let time = TimeOfDay(Int.random(in: 0...23, using: &random), Int.random(in: 0...59, using: &random))
            let start = Int64.random(in: 1_600_000_000...2_000_000_000, using: &random)
            let schedule = JobSchedule.daily(time)
            var moment = try #require(schedule.next(after: Timestamp(seconds: start), in: zone))
            for _ in 0..<400 {
                let next = try #require(schedule.next(after: moment, in: zone))
                let between = Timestamp(
                    microseconds: Int64.random(in: moment.microseconds..<next.microseconds, using: &random))
                #expect(schedule.next(after: between, in: zone) == next)
                let (one, other) = (local(moment, zone), local(next, zone))
                #expect(day(other) == day(one) + 1)
                let late = other.secondsAndNanos.seconds - day(other) * 86_400 - time.seconds
                #expect(late == 0 || isLeftOut(other.secondsAndNanos.seconds - late, zone) && late <= 3600)
                moment = next
            }
        }
    }

    private func day(_ local: Timestamp) -> Int64 { local.secondsAndNanos.seconds.quotient(86_400) }

    /// No moment of the days around shows this time.
    private func isLeftOut(_ local: Int64, _ zone: TimeZone) -> Bool {
        stride(from: local - 50_400, through: local + 50_400, by: 900).allSatisfy { $0 + zone.offset(at: $0) != local }
            && stride(from: local - 50_400, through: local + 50_400, by: 60).allSatisfy {
                $0 + zone.offset(at: $0) != local
            }
    }
}
