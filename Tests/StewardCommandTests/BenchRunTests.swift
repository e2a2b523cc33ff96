import Histogram
import RPC
import Testing

@testable import steward

@Suite struct BenchRunTests {
    private static let unavailable = RPCError.unavailable("DRAINING", "Call again.")

    @Test func makesAsManyCallsAsAskedForOnAllConnections() async {
        // The first connection answers nothing before the second was called.
        let second = AsyncStream<Void>.makeStream()
        let answer = { @Sendable (index: Int) throws -> Int in
            if index % 10 == 0 { throw Self.unavailable }
            return 3
        }
        let lanes = [
            BenchRun.Lane(executor: nil) { index in
                for await _ in second.stream { break }
                return try answer(index)
            },
            BenchRun.Lane(executor: nil) { index in
                second.continuation.finish()
                return try answer(index)
            },
        ]
        let pacer = LoadPacer(shape: .closed(seconds: 600), warmUp: .zero, callCountMax: 200)
        let run = BenchRun(lanes: lanes, concurrency: 2, pacer: pacer)
        await run.run()
        let (_, recorder) = run.progress
        #expect(recorder.callCount == 200)
        #expect(recorder.errorCount == 20)
        #expect(recorder.errors == ["UNAVAILABLE rpc/DRAINING": 20])
        #expect(recorder.answerBytes == 3 * 180)
        #expect(recorder.latencies.totalCount == 180)
    }

    @Test func anOpenLoopMakesTheCallsOfItsSchedule() async {
        let schedule = ArrivalSchedule(parts: [.init(from: 500, to: 1_500, seconds: 0.2)])
        let pacer = LoadPacer(shape: .open(schedule), warmUp: .milliseconds(50))
        let run = BenchRun(lanes: [.init(executor: nil) { _ in 1 }], concurrency: 8, pacer: pacer)
        await run.run()
        // How many of them are sent in time is the machine's affair; none is left untold.
        #expect(run.progress.recorder.callCount + run.progress.pacer.unsentCount == 200)
    }

    /// Without the stop it would take a day.
    @Test func endsWhenItIsStoppedAndKeepsWhatItHas() async {
        let pacer = LoadPacer(shape: .closed(seconds: 86_400), warmUp: .zero)
        let begun = AsyncStream<Int>.makeStream()
        let lane = BenchRun.Lane(executor: nil) { index in
            begun.continuation.yield(index)
            // The first ones are answered, then nothing comes any more.
            if index >= 5 { try await Task.sleep(for: .seconds(3_600)) }
            return 1
        }
        let run = BenchRun(lanes: [lane], concurrency: 1, pacer: pacer)
        let work = Task { await run.run() }
        for await index in begun.stream where index == 5 { break }
        run.stop()
        work.cancel()
        await work.value
        #expect(run.progress.recorder.callCount == 5)
        #expect(run.progress.recorder.errorCount == 0)
    }

    @Test func aTimeoutCountsWithItsLatencyAndARefusalDoesNot() {
        var recorder = BenchRecorder(warmUp: .seconds(1))
        let arrival = Arrival(index: 0, due: .seconds(1), isMeasured: true)
        recorder.record(.failed(.deadlineExceeded("late")), of: arrival, began: .seconds(1), ended: .seconds(3))
        recorder.record(.failed(Self.unavailable), of: arrival, began: .seconds(1), ended: .seconds(3))
        let warm = Arrival(index: 1, due: .zero, isMeasured: false)
        recorder.record(.answered(bytes: 1), of: warm, began: .zero, ended: .seconds(3))
        #expect(recorder.callCount == 2 && recorder.errorCount == 2)
        #expect(recorder.latencies.totalCount == 1)
        #expect(recorder.latencies.max >= 1_990_000)
    }

    @Test func aLongBenchmarkHasAsManyIntervalsAsAShortOne() {
        var recorder = BenchRecorder(warmUp: .zero)
        for second in 0..<1_000 {
            let arrival = Arrival(index: second, due: .seconds(second), isMeasured: true)
            recorder.record(.answered(bytes: 1), of: arrival, began: arrival.due, ended: arrival.due)
        }
        #expect(recorder.interval == .seconds(4))
        #expect(recorder.intervals.count == 250)
        #expect(recorder.intervals.allSatisfy { $0.calls == 4 && $0.latencies.totalCount == 4 })
    }
}
