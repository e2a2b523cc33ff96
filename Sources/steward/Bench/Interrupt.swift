import Glibc
import Synchronization

/// Ctrl-C, or the SIGTERM of a script: the first is noted, a second one ends the program as ever.
enum Interrupt {
    private static let came = Atomic<Bool>(false)

    /// Whether one has come since `listen`.
    static var hasCome: Bool { came.load(ordering: .relaxed) }

    static func listen() {
        came.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupt.came.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }

    /// Signals do what they always do.
    static func ignore() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
