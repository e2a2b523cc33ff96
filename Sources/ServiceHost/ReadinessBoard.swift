import Synchronization

/// What must hold before a program takes calls, each by name.
package final class ReadinessBoard: Sendable {
    /// Nil when it holds, otherwise why it does not. Called on any thread; must not block.
    package typealias Condition = @Sendable () -> String?

    private let conditions = Mutex<[(name: String, check: Condition)]>([])

    package init() {}

    /// Adds a condition.
    package func add(_ name: String, _ check: @escaping Condition) {
        conditions.withLock { $0.append((name, check)) }
    }

    /// Everything that does not hold, one line each; empty when ready.
    package var problems: [String] {
        conditions.withLock { $0 }.compactMap { name, check in check().map { "\(name): \($0)" } }
    }
}

/// A condition that somebody sets.
package final class ReadinessFlag: Sendable {
    private let problem: Mutex<String?>

    /// Begins with a problem.
    package init(_ problem: String?) { self.problem = Mutex(problem) }

    /// Nil when the condition holds.
    package var current: String? {
        get { problem.withLock { $0 } }
        set { problem.withLock { $0 = newValue } }
    }
}
