/// The commands that frame transactions, and the one that gives a role back. Each is prepared once per connection under a fixed name.
enum ControlCommand: Int, CaseIterable {
    case begin, beginReadOnly, beginSnapshot, commit, rollback, resetRole

    var text: String {
        switch self {
        case .begin: "BEGIN READ WRITE"
        case .beginReadOnly: "BEGIN READ ONLY"
        case .beginSnapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .resetRole: "RESET ROLE"
        }
    }

    var name: StaticString {
        switch self {
        case .begin: "c_begin"
        case .beginReadOnly: "c_begin_read_only"
        case .beginSnapshot: "c_begin_snapshot"
        case .commit: "c_commit"
        case .rollback: "c_rollback"
        case .resetRole: "c_reset_role"
        }
    }
}

/// The statement timeouts that are used, each prepared once per connection. A deadline is rounded up to the next one:
/// the client cancels at the exact moment, and the server's own clock is there for the case that it cannot.
enum TimeoutRung {
    static let milliseconds = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000]

    /// The first rung that is not shorter; the last one for everything longer.
    static func index(forNanoseconds remaining: UInt64) -> Int {
        let needed = remaining / 1_000_000
        return milliseconds.firstIndex { UInt64($0) >= needed } ?? milliseconds.count - 1
    }

    static func text(_ index: Int) -> String { "SET statement_timeout = \(milliseconds[index])" }
    static let names = milliseconds.indices.map { "c_t\($0)" }
}
