import Synchronization

/// What must hold before a program takes calls, and what it can do without, each by name. A program is ready while it can serve
/// something: a balancer that drops all that miss one thing would drop the healthy ones, too.
package final class ReadinessBoard: Sendable {
    /// Nil when it holds, otherwise why it does not. Called on any thread; must not block.
    package typealias Condition = @Sendable () -> String?

    private typealias Conditions = [(name: String, check: Condition)]

    private let needs = Mutex(Conditions())
    private let wants = Mutex(Conditions())

    package init() {}

    /// Adds a condition without which the program serves nothing.
    package func need(_ name: String, _ check: @escaping Condition) { needs.withLock { $0.append((name, check)) } }

    /// Adds a condition without which the program serves less.
    package func want(_ name: String, _ check: @escaping Condition) { wants.withLock { $0.append((name, check)) } }

    /// What is needed and does not hold, one line each; empty when ready.
    package var problems: [String] { Self.failing(needs.withLock { $0 }) }

    /// What is wanted and does not hold, one line each.
    package var shortcomings: [String] { Self.failing(wants.withLock { $0 }) }

    private static func failing(_ conditions: Conditions) -> [String] {
        conditions.compactMap { name, check in check().map { "\(name): \($0)" } }
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
