import Testing

@testable import steward

@Suite struct ArrivalScheduleTests {
    typealias Part = ArrivalSchedule.Part

    private func isNear(_ one: Double?, _ two: Double) -> Bool { one.map { abs($0 - two) < 1e-9 } ?? false }

    @Test func aSteadyRateIsEvenlySpaced() {
        let schedule = ArrivalSchedule(parts: [Part(from: 200, to: 200, seconds: 2)])
        #expect(schedule.count == 400)
        #expect(schedule.time(of: 0) == 0)
        #expect(isNear(schedule.time(of: 1), 0.005))
        #expect(isNear(schedule.time(of: 399), 1.995))
        #expect(schedule.time(of: 400) == nil)
    }

    @Test(arguments: [(100.0, 300.0), (300.0, 100.0), (1.0, 2_000.0)])
    func aRampMakesTheCallsOfItsMeanRate(_ from: Double, _ to: Double) {
        let schedule = ArrivalSchedule(parts: [Part(from: from, to: to, seconds: 10)])
        #expect(schedule.count == Int((from + to) * 5))
        let times = (0..<schedule.count).compactMap { schedule.time(of: $0) }
        #expect(times.count == schedule.count)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        #expect(times[0] == 0 && times[times.count - 1] < 10)
        // Near the end the calls come at the last rate.
        let last = 1 / (times[times.count - 1] - times[times.count - 2])
        #expect(abs(last - to) < 0.03 * to + 2, "\(last)")
    }

    @Test func stepsFollowEachOther() {
        let schedule = ArrivalSchedule(parts: [
            Part(from: 10, to: 10, seconds: 1), Part(from: 100, to: 100, seconds: 1),
        ])
        #expect(schedule.count == 110)
        #expect(isNear(schedule.time(of: 9), 0.9))
        #expect(isNear(schedule.time(of: 10), 1))
        #expect(isNear(schedule.time(of: 11), 1.01))
    }

    @Test func countsWhatIsDueBeforeAMoment() {
        let schedule = ArrivalSchedule(parts: [Part(from: 100, to: 300, seconds: 10)])
        for moment in [0.0, 0.005, 0.5, 3.3, 9.99, 10, 11] {
            let due = (0..<schedule.count).prefix { schedule.time(of: $0)! < moment }.count
            #expect(abs(schedule.count(before: moment) - due) <= 1, "\(moment)")
        }
    }

    @Test func warmingUpIsAPartOfItsOwn() {
        let schedule = ArrivalSchedule(parts: [Part(from: 10, to: 20, seconds: 1)]).warmedUp(for: 2)
        #expect(schedule.parts.first == Part(from: 10, to: 10, seconds: 2))
        #expect(schedule.count == 35)
    }

    @Test func rampsAreRead() throws {
        #expect(try RampText.schedule("100:1000:30s").parts == [Part(from: 100, to: 1_000, seconds: 30)])
        #expect(
            try RampText.schedule("100,200.5:500ms").parts
                == [Part(from: 100, to: 100, seconds: 0.5), Part(from: 200.5, to: 200.5, seconds: 0.5)])
    }

    @Test(arguments: [
        "", "100", "100:200:0s", "0:100:1s", "100:-1:1s", "100:inf:1s", "1,,2:1s", "a:b:1s", "1:2:3:4s", "1:2000001:1s",
        "1:2:nan", Array(repeating: "1", count: 101).joined(separator: ",") + ":1s",
    ])
    func whatIsNoRampIsRefused(_ text: String) {
        #expect(throws: UsageProblem.self) { try RampText.schedule(text) }
    }

    @Test(arguments: [("500ms", 0.5), ("30s", 30), ("2m", 120), ("1h", 3_600), ("1.5", 1.5), ("0s", 0)])
    func timesAreRead(_ text: String, _ seconds: Double) {
        #expect(DurationText.seconds(text) == seconds)
    }

    @Test(arguments: ["", "s", "-1s", "1d", "1 s", "infs", "nan"])
    func whatIsNoTimeIsRefused(_ text: String) {
        #expect(DurationText.seconds(text) == nil)
    }
}
