import Histogram
import Testing

@testable import steward

@Suite struct LoadPacerTests {
    private func open(_ rate: Double, _ seconds: Double, warmUp: Duration = .zero, calls: Int = BenchLimits.callsMax)
        -> LoadPacer
    {
        LoadPacer(
            shape: .open(ArrivalSchedule(parts: [.init(from: rate, to: rate, seconds: seconds)])), warmUp: warmUp,
            callCountMax: calls)
    }

    /// The one caller of an open loop calls a server that answers at once, but stops for a second in between. What it hides in a
    /// closed loop, a hundred calls show here: that is what is meant by coordinated omission.
    @Test func aStallShowsInEveryCallThatWasDueMeanwhile() {
        var pacer = open(100, 2)
        var recorder = BenchRecorder(warmUp: .zero)
        var now = Duration.zero
        while let arrival = pacer.next(at: now) {
            now = max(now, arrival.due)
            let isSent = pacer.begin(arrival, at: now)
            #expect(isSent)
            let began = now
            // The call that is due at 0.5 s takes until 1.5 s.
            if arrival.index == 50 { now += .seconds(1) }
            recorder.record(.answered(bytes: 1), of: arrival, began: began, ended: now)
        }
        #expect(recorder.callCount == 200)
        #expect(pacer.lateCount >= 95 && pacer.lateCount <= 100)
        #expect(pacer.unsentCount == 0)
        #expect(recorder.latencies.valueAtPercentile(75) >= 490_000)
        #expect(recorder.serviceTimes.valueAtPercentile(99) == 0)
    }

    @Test func callsKeepTheirTimesHoweverLateTheyAreAskedFor() {
        var pacer = open(10, 1)
        let dues = [0, 0, 0, 5, 5].map { pacer.next(at: .seconds($0))?.due }
        #expect(dues == [0, 100, 200, 300, 400].map { .milliseconds($0) })
    }

    @Test func whatIsTooFarBehindIsCountedAndNotSent() throws {
        var pacer = open(1_000, 10)
        let first = pacer.next(at: .zero)
        let isFirstSent = pacer.begin(try #require(first), at: .zero)
        let second = pacer.next(at: .seconds(21))
        let isSecondSent = pacer.begin(try #require(second), at: .seconds(21))
        #expect(isFirstSent && !isSecondSent)
        #expect(pacer.unsentCount == 9_999)
        let third = pacer.next(at: .seconds(21))
        #expect(third == nil)
    }

    @Test func theWarmUpIsNotMeasured() {
        var pacer = open(10, 1, warmUp: .seconds(1))
        #expect(pacer.plannedCount == 10)
        var arrivals: [Arrival] = []
        while let arrival = pacer.next(at: .zero) { arrivals.append(arrival) }
        #expect(arrivals.map(\.isMeasured) == Array(repeating: false, count: 10) + Array(repeating: true, count: 10))
        #expect(pacer.end == .seconds(2))
    }

    @Test func aClosedLoopCallsUntilItsEnd() {
        var pacer = LoadPacer(shape: .closed(seconds: 2), warmUp: .seconds(1))
        let arrivals = [999, 1_000, 3_000].map { pacer.next(at: .milliseconds($0)) }
        #expect(arrivals[0]?.isMeasured == false)
        #expect(arrivals[1] == Arrival(index: 1, due: .seconds(1), isMeasured: true))
        #expect(arrivals[2] == nil)
        #expect(pacer.plannedCount == nil)
    }

    @Test func aNumberOfCallsIsKept() {
        var closed = LoadPacer(shape: .closed(seconds: 60), warmUp: .seconds(1), callCountMax: 2)
        let arrivals = (0..<4).map { closed.next(at: .seconds($0)) }
        #expect(arrivals.map { $0?.isMeasured } == [false, true, true, nil])
        var open = open(100, 10, calls: 3)
        #expect(open.plannedCount == 3)
        var count = 0
        while open.next(at: .zero) != nil { count += 1 }
        #expect(count == 3)
    }
}
