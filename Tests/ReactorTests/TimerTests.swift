import Testing

@testable import Reactor

@Suite(.timeLimit(.minutes(1))) struct TimerTests {
    @Test func timersFireInOrderAndNeverEarly() async throws {
        let journal = Journal()
        try await withLoop { loop in
            let start = loop.now
            await withCheckedContinuation { continuation in
                loop.schedule(after: .milliseconds(20)) {
                    journal.note("20")
                    #expect(MonotonicTime.now() - start >= 20_000_000)
                    continuation.resume()
                }
                loop.schedule(after: .milliseconds(5)) { journal.note("5a") }
                loop.schedule(at: MonotonicTime.moment(.milliseconds(5), after: loop.now)) {
                    journal.note("5b")
                }
                loop.schedule(after: .milliseconds(-1)) { journal.note("past") }
            }
        }
        #expect(journal.all == ["past", "5a", "5b", "20"])
    }

    @Test func timersWithoutDelayDoNotStarveJobs() async throws {
        try await withLoop { loop in
            @Sendable func again() { loop.schedule(after: .zero, again) }
            let timer = loop.schedule(after: .zero, again)
            await withCheckedContinuation { continuation in
                loop.schedule(after: .milliseconds(2)) { loop.execute { continuation.resume() } }
            }
            timer.cancel()
        }
    }

    @Test func aCancelledTimerDoesNotFire() async throws {
        let journal = Journal()
        try await withLoop { loop in
            let cancelled = loop.schedule(after: .milliseconds(1)) { journal.note("cancelled") }
            cancelled.cancel()
            cancelled.cancel()
            try await loop.sleep(for: .milliseconds(5))
            journal.note("slept")
        }
        #expect(journal.all == ["slept"])
    }

    @Test func aTimerOfAnotherThreadWakesTheLoop() async throws {
        let group = try EventLoopGroup(count: 1)
        await withCheckedContinuation { continuation in
            group.loops[0].schedule(after: .milliseconds(1)) { continuation.resume() }
        }
        group.shutdown()
    }

    @Test func aCancelledSleepEndsAtOnce() async throws {
        try await withLoop { loop in
            let sleeper = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }
            await Task.yield()
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test func husksStayFewerThanTheLiving() async throws {
        try await withLoop { loop in
            var living: [Timer] = []
            for number in 0..<10_000 {
                let timer = loop.schedule(after: .seconds(3600 + number % 7)) {}
                if number % 100 == 0 { living.append(timer) } else { timer.cancel() }
            }
            #expect(loop.timers.count <= 2 * living.count + TimerQueue.huskCountMin + 1)
            for timer in living { timer.cancel() }
            #expect(loop.timers.count <= TimerQueue.huskCountMin + 1)
        }
    }

    @Test(arguments: [
        (Duration.zero, UInt64(0)), (.milliseconds(-5), 0), (.microseconds(1500), 1_500_000),
        (.seconds(Int64.max), UInt64(Int64.max)),
    ])
    func durationsBecomeNanoseconds(duration: Duration, expected: UInt64) {
        #expect(MonotonicTime.nanoseconds(duration) == expected)
    }
}
