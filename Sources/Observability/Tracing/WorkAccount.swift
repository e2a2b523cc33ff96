/// Whoever work is done for, seen from the machinery that spends its time: the database tells how long it made the call
/// wait, and asks how to name it. A call being served is one.
package protocol WorkAccount: AnyObject, Sendable {
    /// What the database shows as application_name while it works for this; nil for the login's own. Letters, digits and
    /// ` ./` only, at most 63 bytes.
    var databaseLabel: String? { get }

    /// So long was waited for a connection of the pool. On any thread.
    func waitedForConnection(nanoseconds: UInt64)

    /// A connection was lent from `begin` to `end`, nanoseconds of the monotonic clock. `error` is the SQLSTATE of a statement
    /// that failed, or a word for what else went wrong; nil when all went well. `isScan`: how long that takes depends on what a
    /// client asks for. On any thread.
    func usedDatabase(_ name: String, from begin: UInt64, to end: UInt64, isScan: Bool, error: String?)
}

/// The work of the current task. It goes along with the task, so that code between a call and its SQL need not carry it.
package enum CurrentWork {
    @TaskLocal package static var account: (any WorkAccount)?
}
