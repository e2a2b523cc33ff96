/// What a session has been set to, so that it is told only what changes: most transactions follow one of the same tenant with
/// the same time. PostgreSQL undoes a SET of a transaction that fails, and so does this.
struct SessionState {
    struct Values: Equatable {
        /// The tenant whose role is assumed; nil for the login's own.
        var role: SlotKey?
        /// Index of the statement timeout in `TimeoutRung`; nil when none was set.
        var timeoutRung: Int?
    }

    /// What holds outside of any transaction.
    private(set) var committed = Values()
    /// What holds in the transaction under way.
    var current = Values()
    /// The transaction begins with BEGIN, so that it does not end with the exchange.
    private(set) var isFramed = false
    /// BEGIN was done.
    private var isOpen = false

    /// A transaction is sent.
    mutating func begin(isFramed: Bool) {
        self.isFramed = isFramed
        isOpen = false
    }

    /// BEGIN was done: what follows lasts until COMMIT or ROLLBACK.
    mutating func opened() { isOpen = true }

    /// All that was sent has been answered, some of it with an error or not. Without BEGIN, or when BEGIN itself failed, that was the
    /// transaction.
    mutating func unitEnded(failed: Bool) {
        guard !isFramed || !isOpen else { return }
        failed ? rollBack() : commit()
    }

    /// The transaction under way was committed.
    mutating func commit() {
        committed = current
        (isFramed, isOpen) = (false, false)
    }

    /// The transaction under way was rolled back.
    mutating func rollBack() {
        current = committed
        (isFramed, isOpen) = (false, false)
    }
}
