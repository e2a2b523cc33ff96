import RPC
import Tenancy
import Testing
import Text
import Work

@testable import IdentityService

@Suite struct TransferTimeTests {
    /// 2026-12-01T23:30:00Z, when it is 00:30 of the next day in Berlin.
    private let now = Timestamp(seconds: 1_796_167_800)

    private func moment(_ day: String?, _ zone: String = "Europe/Berlin", at now: Timestamp? = nil) throws -> String? {
        let zones = SettingsZones([(Timestamp(seconds: 0), try #require(TimeZone(zone)))])
        return try TransferTime(day, at: now ?? self.now, in: zones).moment?.text
    }

    private func reason(_ day: String, _ zone: String = "Europe/Berlin") throws -> String? {
        do {
            _ = try moment(day, zone)
            return nil
        } catch let error as RPCError {
            return error.reason
        }
    }

    /// A day begins by the zone that the workspace has then.
    @Test func aZoneThatComesBeforeTheDayIsTheOneOfThatDay() throws {
        let zones = SettingsZones([
            (Timestamp(seconds: 0), try #require(TimeZone("Europe/Berlin"))),
            (try #require(Timestamp("2026-12-10T00:00:00Z")), try #require(TimeZone("Asia/Shanghai"))),
        ])
        let before = try TransferTime("2026-12-09", at: now, in: zones).moment?.text
        let after = try TransferTime("2026-12-12", at: now, in: zones).moment?.text
        #expect(before == "2026-12-08T23:00:00Z" && after == "2026-12-11T16:00:00Z")
    }

    /// Where a zone begins to hold within a day that its clocks have begun before, the day begins then, and is read back from that moment.
    @Test func aDayBeginsByTheZoneThatHoldsThen() throws {
        let (utc, shanghai) = (try #require(TimeZone("UTC")), try #require(TimeZone("Asia/Shanghai")))
        let since = try #require(Timestamp("2026-12-02T20:00:00Z"))
        let zones = SettingsZones([(Timestamp(seconds: 0), utc), (since, shanghai)])
        let day = Int64(try #require(CalendarDay("2026-12-03")).daysSince1970)
        #expect(zones.beginning(ofDay: day) == since)
        #expect(zones.beginning(ofDay: day - 1).text == "2026-12-02T00:00:00Z")
        #expect(zones.beginning(ofDay: day + 1).text == "2026-12-03T16:00:00Z")
        let (seconds, zone) = (since.secondsAndNanos.seconds, zones.zone(at: since))
        #expect((seconds + zone.offset(at: seconds)) / TransferTime.daySeconds == day)
    }

    @Test func withoutADayAndTodayItIsNow() throws {
        #expect(now.text == "2026-12-01T23:30:00Z")
        #expect(try moment(nil) == nil)
        #expect(try moment("") == nil)
        #expect(try moment("2026-12-02") == nil)
        #expect(try moment("2026-12-01", "UTC") == nil)
    }

    @Test func itIsMidnightOfTheZone() throws {
        #expect(try moment("2026-12-15") == "2026-12-14T23:00:00Z")
        #expect(try moment("2027-07-01") == "2027-06-30T22:00:00Z")
        #expect(try moment("2026-12-02", "UTC") == "2026-12-02T00:00:00Z")
        #expect(try moment("2026-12-15", "Pacific/Kiritimati") == "2026-12-14T10:00:00Z")
    }

    /// In Santiago clocks go from 24:00 to 01:00 in September, and from 24:00 to 23:00 in April.
    @Test func aDayBeginsOnceAlsoWhenClocksAreChangedAtMidnight() throws {
        #expect(try moment("2027-09-05", "America/Santiago") == "2027-09-05T04:00:00Z")
        #expect(try moment("2027-04-04", "America/Santiago") == "2027-04-04T04:00:00Z")
    }

    @Test func daysThatArePastOrTooFarAheadAreRefused() throws {
        #expect(try reason("2026-12-01") == "OUT_OF_RANGE")
        #expect(try reason("2026-12-01", "UTC") == nil)
        #expect(try reason("2027-12-03") == nil)
        #expect(try reason("2027-12-04") == "OUT_OF_RANGE")
        for wrong in ["2026-02-30", "tomorrow", "2026-12-15T00:00:00Z", "15.12.2026"] {
            #expect(try reason(wrong) == "INVALID_DATE")
        }
    }

    @Test func theRefusalNamesTheLimitsAndTheCure() throws {
        do {
            _ = try moment("2028-01-01")
            Issue.record("it is not refused")
        } catch let error as RPCError {
            #expect(error.message.contains("2026-12-02") && error.message.contains("2027-12-03"))
            #expect(error.message.contains("Europe/Berlin") && error.message.contains("leave it out"))
            #expect(error.fieldViolations.map(\.field) == ["effective_date"])
        }
    }
}
