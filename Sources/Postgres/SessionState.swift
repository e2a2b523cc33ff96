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
    /// The transaction began with BEGIN, so that it does not end with the exchange.
    var isFramed = false

    /// The transaction under way was committed.
    mutating func commit() {
        committed = current
        isFramed = false
    }

    /// The transaction under way was rolled back.
    mutating func rollBack() {
        current = committed
        isFramed = false
    }
}
