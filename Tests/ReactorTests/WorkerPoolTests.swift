import Glibc
import Synchronization
import Testing

@testable import Reactor

@Suite(.timeLimit(.minutes(1))) struct WorkerPoolTests {
    @Test func workRunsOffTheLoopAndTheTaskReturnsToIt() async throws {
        let pool = try WorkerPool(threadCount: 2, queueCountMax: 4)
        try await withLoop { loop in
            let onLoop = try await pool.run { EventLoop.current != nil }
            #expect(!onLoop)
            #expect(loop.isCurrent)
        }
        pool.shutdown()
    }

    @Test func threadsRunBelowTheOthersWhenAskedTo() async throws {
        let (plain, low) = (
            try WorkerPool(threadCount: 1, queueCountMax: 0),
            try WorkerPool(threadCount: 1, queueCountMax: 0, niceness: 7)
        )
        let before = try await plain.run { niceness() }
        #expect(try await low.run { niceness() } == before + 7)
        #expect(try await plain.run { niceness() } == before)
        plain.shutdown()
        low.shutdown()
    }

    @Test func errorsOfTheBodyComeThrough() async throws {
        let pool = try WorkerPool(threadCount: 1, queueCountMax: 0)
        await #expect(throws: ReactorError.self) {
            try await pool.run { throw ReactorError(call: "test", code: EIO) }
        }
        pool.shutdown()
    }

    @Test func aFullQueueRefusesAndThenTakesAgain() throws {
        let queue = BlockingQueue(takerCount: 1, queueCountMax: 1)
        let journal = Journal()
        try queue.append { journal.note("for the idle taker") }
        try queue.append { journal.note("waiting") }
        #expect(throws: WorkerPoolError.full) { try queue.append { journal.note("too much") } }
        queue.close()
        #expect(throws: WorkerPoolError.shutDown) { try queue.append {} }
        queue.serve()
        #expect(journal.all == ["for the idle taker", "waiting"])
    }

    @Test func aPoolThatWasShutDownRefuses() async throws {
        let pool = try WorkerPool(threadCount: 1, queueCountMax: 0)
        #expect(try await pool.run { 4 } == 4)
        pool.shutdown()
        await #expect(throws: WorkerPoolError.shutDown) { try await pool.run { 5 } }
    }

    @Test func workOfACancelledTaskDoesNotBegin() async throws {
        let pool = try WorkerPool(threadCount: 1, queueCountMax: 1)
        let gate = Gate()
        let running = Task { try await pool.run { gate.pass() } }
        gate.waitUntilReached()
        let cancelled = Task { try await pool.run { Issue.record("it began") } }
        cancelled.cancel()
        gate.open()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        try await running.value
        pool.shutdown()
    }
}

/// Of the calling thread.
private func niceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

/// Holds a worker until the test opens it.
private final class Gate: @unchecked Sendable {  // SAFETY: semaphores are made for threads
    private let reached = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let opened = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(reached, 0, 0)
        sem_init(opened, 0, 0)
    }

    func pass() {
        sem_post(reached)
        sem_wait(opened)
    }

    func waitUntilReached() { sem_wait(reached) }

    func open() { sem_post(opened) }
}
