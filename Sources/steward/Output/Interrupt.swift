import Glibc
import Synchronization

/// Ctrl-C, the SIGTERM of a script, or the SIGHUP of a terminal that was closed: the first ones are noted, a later one ends the
/// program as ever.
enum Interrupt {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private static let came = Atomic<Int>(0)
    private static let number = Atomic<Int32>(0)
    private static let last = Atomic<Int>(2)

    /// Whether one has come since `listen`.
    static var hasCome: Bool { count > 0 }

    /// How many have come.
    static var count: Int { came.load(ordering: .relaxed) }

    /// The first one; nil while none has come.
    static var signal: Int32? {
        let number = number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// - Parameter ordinal: which of them is not noted any more but ends the program.
    static func listen(endingAt ordinal: Int = 2) {
        came.store(0, ordering: .relaxed)
        number.store(0, ordering: .relaxed)
        last.store(ordinal, ordering: .relaxed)
        // Under nohup a closed terminal ends nothing.
        for number in signals where !isIgnored(number) {
            Glibc.signal(number) { number in
                // The kernel and the shell may each send one for the same terminal.
                guard number != SIGHUP || Interrupt.number.load(ordering: .relaxed) != SIGHUP else { return }
                _ = Interrupt.number.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                let count = Interrupt.came.wrappingAdd(1, ordering: .relaxed).newValue
                if count + 1 >= Interrupt.last.load(ordering: .relaxed) {
                    Interrupt.ignore()
                }
            }
        }
    }

    private static let look: Duration = .milliseconds(50)

    /// Does a work that is cancelled when a signal comes; another one ends the program.
    static func cancelling<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        listen()
        defer { ignore() }
        let working = Task { try await work() }
        let listening = Task {
            // Ends with the work. It looks again and again since all that a signal's handler may do is to set a number (signal-safety(7)).
            while !hasCome { try await Task.sleep(for: look) }
            working.cancel()
        }
        defer { listening.cancel() }
        return try await working.value
    }

    /// Signals do what they always do.
    static func ignore() {
        for number in signals where !isIgnored(number) { Glibc.signal(number, SIG_DFL) }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        // Swift cannot compare functions; SIG_IGN is no function but the number 1.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
