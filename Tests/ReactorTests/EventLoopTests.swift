import Glibc
import Synchronization
import Testing

@testable import Reactor

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    @Test func aTaskWithThePreferenceRunsOnTheLoop() async throws {
        try await withLoop { loop in
            #expect(loop.isCurrent)
            #expect(EventLoop.current === loop)
            loop.checkIsolated()
            #expect(loop.isIsolatingCurrentContext() == true)
        }
        #expect(EventLoop.current == nil)
    }

    @Test func aNonisolatedCallOnTheLoopIsNoHop() async throws {
        try await withLoop { loop in
            let queued = loop.local.count
            var sum = 0
            for number in 0..<100 {
                sum += await identity(number)
                // A hop would have let this body run, which the next line would see.
                #expect(loop.local.count == queued)
            }
            #expect(sum == 4950)
        }
    }

    /// Long work goes on one step a turn, of each in turn; what comes meanwhile waits for one step at most.
    @Test func longWorkTakesTurns() async throws {
        try await withLoop { loop in
            let steps = Mutex<[String]>([])
            let works = ["a", "b"].map { name in
                loop.spawn {
                    for number in 0..<3 {
                        steps.withLock { $0.append("\(name)\(number)") }
                        await loop.takeTurn()
                    }
                }
            }
            let other = loop.spawn {
                for number in 0..<2 {
                    steps.withLock { $0.append("other\(number)") }
                    await Task.yield()
                }
            }
            for work in works + [other] { await work.value }
            let seen = steps.withLock { $0 }
            #expect(seen.filter { !$0.hasPrefix("other") } == ["a0", "b0", "a1", "b1", "a2", "b2"])
            #expect(seen.prefix(4).filter { $0.hasPrefix("other") } == ["other0", "other1"], "\(seen)")
        }
    }

    @Test func anActorMayLiveOnTheLoop() async throws {
        let group = try EventLoopGroup(count: 1)
        let resident = Resident(loop: group.loops[0])
        #expect(await resident.livesOnItsLoop())
        let isolatedInABody = await withCheckedContinuation { continuation in
            group.loops[0].execute { continuation.resume(returning: resident.assumeIsolated { $0.number }) }
        }
        #expect(isolatedInABody == 7)
        group.shutdown()
    }

    @Test func bodiesOfManyThreadsAllRunInOrderOfTheirThread() async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let seen = Counters()
        await withTaskGroup(of: Void.self) { tasks in
            for sender in 0..<8 {
                tasks.addTask {
                    for number in 1...2_000 {
                        loop.execute { seen.note(number, of: sender) }
                    }
                }
            }
        }
        group.shutdown()
        #expect(seen.all == Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, 2_000) }))
    }

    @Test func aTurnIsReadyDescriptorsThenJobsThenHooks() async throws {
        let journal = Journal()
        let pair = SocketPair()
        try await withLoop { loop in
            await withCheckedContinuation { continuation in
                nonisolated(unsafe) var watch: Watch?
                watch = try? loop.watch(pair.near, interest: .read) { readiness in
                    #expect(readiness.contains(.read))
                    journal.note("descriptor")
                    loop.afterTurn {
                        journal.note("after")
                        continuation.resume()
                    }
                    loop.atEndOfTurn { journal.note("hook") }
                    loop.execute { journal.note("job") }
                    watch?.cancel()
                }
                pair.sayHello()
            }
        }
        #expect(journal.all == ["descriptor", "job", "hook", "after"])
        pair.close()
    }

    @Test func jobsDoNotStarveDescriptors() async throws {
        let pair = SocketPair()
        try await withLoop { loop in
            let isDone = Flag()
            @Sendable func spin() { if !isDone.isRaised { loop.execute(spin) } }
            for _ in 0..<(2 * EventLoop.jobsPerTurnMax) { loop.execute(spin) }
            pair.sayHello()
            let watch = try await withCheckedThrowingContinuation { continuation in
                nonisolated(unsafe) var watch: Watch?
                do {
                    watch = try loop.watch(pair.near, interest: .read) { _ in
                        isDone.raise()
                        guard let found = watch else { return }
                        watch = nil
                        continuation.resume(returning: found)
                    }
                } catch { continuation.resume(throwing: error) }
            }
            watch.cancel()
        }
        pair.close()
    }

    @Test func aHookSetByAHookRunsWithoutWaiting() async throws {
        try await withLoop { loop in
            await withCheckedContinuation { continuation in
                loop.atEndOfTurn { loop.atEndOfTurn { continuation.resume() } }
            }
        }
    }

    @Test func whatIsSetAfterATurnRunsWithoutWaiting() async throws {
        try await withLoop { loop in
            await withCheckedContinuation { continuation in
                loop.execute { loop.afterTurn { loop.afterTurn { loop.atEndOfTurn { continuation.resume() } } } }
            }
        }
    }

    @Test func shutdownRunsWhatIsQueued() async throws {
        let group = try EventLoopGroup(count: 2)
        let journal = Journal()
        for loop in group.loops {
            loop.execute { loop.execute { loop.execute { journal.note("ran") } } }
        }
        group.shutdown()
        #expect(journal.all == ["ran", "ran"])
        group.loops[0].execute { journal.note("too late") }
        #expect(journal.all.count == 2)
    }

    @Test func nextGoesRound() throws {
        let group = try EventLoopGroup(count: 3)
        #expect((0..<6).map { _ in group.next().index } == [0, 1, 2, 0, 1, 2])
        group.shutdown()
    }
}

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }

    func raise() { value.store(true, ordering: .relaxed) }
}

/// The last number of each sender.
private final class Counters: Sendable {
    private let last = Mutex<[Int: Int]>([:])

    var all: [Int: Int] { last.withLock { $0 } }

    func note(_ number: Int, of sender: Int) {
        last.withLock { last in
            #expect(last[sender, default: 0] == number - 1)
            last[sender] = number
        }
    }
}

private func identity(_ number: Int) async -> Int { number }

private actor Resident {
    nonisolated let loop: EventLoop
    let number = 7

    init(loop: EventLoop) { self.loop = loop }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func livesOnItsLoop() -> Bool { loop.isCurrent }
}
