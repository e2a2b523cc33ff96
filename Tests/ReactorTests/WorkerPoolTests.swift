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

    /// Whoever wakes has a shorter slice, and need not wait for the tick.
    @Test(.enabled(if: kernelHasSlices)) func lowThreadsHaveALongSlice() async throws {
        let (plain, low) = (
            try WorkerPool(threadCount: 1, queueCountMax: 0),
            try WorkerPool(threadCount: 1, queueCountMax: 0, niceness: 7)
        )
        #expect(try await low.run { slice() } == 10_000_000)
        #expect(try await plain.run { slice() }.map { $0 < 10_000_000 } == true)
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

/// Threads have slices of their own since Linux 6.12, and /proc tells them where the kernel was built to.
private var kernelHasSlices: Bool {
    var names = utsname()
    uname(&names)
    let release = withUnsafeBytes(of: names.release) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(separator: ".").prefix(2).compactMap { Int($0) }
    }
    return release.count == 2 && (release[0], release[1]) >= (6, 12) && slice() != nil
}

/// What the calling thread may run at a stretch, in nanoseconds.
private func slice() -> Int? {
    guard let file = fopen("/proc/thread-self/sched", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("se.slice") {
            return text.split(whereSeparator: { " \n".contains($0) }).last.flatMap { Int($0) }
        }
    }
    return nil
}
