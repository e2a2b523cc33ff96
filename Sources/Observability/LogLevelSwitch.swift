package import Logging
import Synchronization

/// The level of a whole process, which can change while it runs.
package final class LogLevelSwitch: Sendable {
    private let index: Atomic<Int>

    package init(_ level: Logger.Level) { index = Atomic(Self.position(of: level)) }

    /// Lines below it are not written. Loggers with a level of their own are not asked.
    package var level: Logger.Level {
        get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
        set { index.store(Self.position(of: newValue), ordering: .relaxed) }
    }

    private static func position(of level: Logger.Level) -> Int {
        // `allCases` is complete, so the fallback names no level that exists.
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}
