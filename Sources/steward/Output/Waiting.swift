import Glibc
import Synchronization

/// Says on a terminal that the server is waited for, when nothing was written for a second. What is written next takes the
/// place of it.
enum Waiting {
    private enum State {
        static let off = 0, silent = 1, shown = 2
    }

    private static let state = Atomic<Int>(State.off)
    /// When something was written last, in milliseconds of the monotonic clock.
    private static let lastWrite = Atomic<Int64>(0)
    private static let silenceMax: Int64 = 1_000
    private static let look: Duration = .milliseconds(200)

    /// From now on, until the program ends.
    static func begin() {
        guard Terminal.errorIsTerminal else { return }
        lastWrite.store(now, ordering: .relaxed)
        guard state.compareExchange(expected: State.off, desired: State.silent, ordering: .relaxed).exchanged else {
            return
        }
        Task {
            // Ends with the program, or when it is cancelled, which is all that the sleep throws: nobody waits for it.
            while (try? await Task.sleep(for: look)) != nil { tell() }
        }
    }

    /// Something is about to be written. True when the line of the wait stands there and has to go.
    static func yields() -> Bool {
        lastWrite.store(now, ordering: .relaxed)
        return state.compareExchange(expected: State.shown, desired: State.silent, ordering: .relaxed).exchanged
    }

    private static func tell() {
        guard now - lastWrite.load(ordering: .relaxed) > silenceMax,
            state.compareExchange(expected: State.silent, desired: State.shown, ordering: .relaxed).exchanged
        else { return }
        Terminal.showWaiting("waiting for the server …")
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
