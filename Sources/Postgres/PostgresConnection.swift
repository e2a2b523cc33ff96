import Reactor
import Tenancy

/// One connection to PostgreSQL in pipeline mode. Confined to its loop; one lease uses it at a time.
///
/// The life of an exchange: any number of `send…` calls put commands into libpq's buffer and what each is to answer
/// into `expected`; `sync` ends the unit and writes; results arrive in that order and are taken by `drain`; with the
/// answer to the sync the one Task that waits goes on. After an error the server skips to the sync by itself.
package final class PostgresConnection: @unchecked Sendable {
    // SAFETY: confined to `loop`, which every method that changes something asserts in debug builds.

    /// What the next result belongs to.
    enum Expectation {
        /// A control command; its result says nothing.
        case control
        /// Assumes a tenant's role.
        case role(TenantSlot)
        case begin, commit, rollback
        case controlPrepare(ControlCommand)
        case rolePrepare(TenantSlot)
        case timeoutPrepare(Int)
        case prepare(PreparedStatement)
        case deallocate(String)
        case stamp(TenantSlot, SchemaStamp)
        /// A statement whose rows are kept, or only its success.
        case rows(isKept: Bool)
        case sync
    }

    let loop: EventLoop
    let settings: PostgresSettings
    let workers: WorkerPool
    var libpq: Libpq?
    var watch: Watch?

    var statements: StatementCache
    var slots: [SlotKey: TenantSlot] = [:]
    var lastSlot: TenantSlot?
    var session = SessionState()
    var preparedControls = [Bool](repeating: false, count: ControlCommand.allCases.count)
    var preparedTimeouts = [Bool](repeating: false, count: TimeoutRung.milliseconds.count)

    // The exchange in flight.
    var expected: [Expectation] = []
    var cursor = 0
    var kept: [Rows] = []
    var failure: PostgresError?
    /// The last error since the connection was lent, also when whoever uses it has caught it.
    var leaseError: PostgresError?
    /// Counts exchanges, so that a late wish to cancel one does not hit the next.
    var exchangeNumber = 0
    var waiter: UnsafeContinuation<Void, Never>?
    /// When the running exchange is cancelled; `.max`: never.
    var deadline = UInt64.max
    var isCancelRequested = false
    /// A cancel request is on its way: the connection must not serve another before it has arrived.
    var isCancelUnderWay = false
    var onCancelArrived: (() -> Void)?
    /// When the connection is given up because nothing came after a cancel.
    var abandonTime = UInt64.max
    /// COMMIT of a transaction that writes was sent and is not answered.
    var isCommitOpen = false

    /// Statements that left the cache while the server skipped their DEALLOCATE.
    var orphans: [String] = []
    private(set) var closeReason: PostgresError?

    // Wear.
    let openTime: UInt64
    let ageMax: UInt64
    var measured: Measure
    /// Called once, on the loop, when the connection has broken or was closed.
    var onClose: ((PostgresError) -> Void)?
    /// The login may do everything: roles would isolate nothing.
    var isSuperuser = false

    /// How long the server may take to answer after a cancel request.
    static let abandonAfter: UInt64 = 1_000_000_000

    init(loop: EventLoop, settings: PostgresSettings, workers: WorkerPool, libpq: Libpq) {
        self.loop = loop
        self.settings = settings
        self.workers = workers
        self.libpq = libpq
        statements = StatementCache(countMax: settings.statementCountMax)
        openTime = loop.now
        measured = Measure(time: openTime)
        // Ages differ by up to a tenth, so that the connections of a pool are not all replaced at once.
        ageMax = UInt64(Double(MonotonicTime.nanoseconds(settings.connectionAgeMax)) * .random(in: 0.9...1))
    }

    package var isOpen: Bool { libpq != nil }
    var isExchanging: Bool { cursor < expected.count }
    /// Whether it can be lent as it is: nothing sent, nothing open, no request to cancel that may still strike.
    var isAtRest: Bool {
        expected.isEmpty && !isCancelRequested && !isCancelUnderWay && !isInTransaction
    }
    var isInTransaction: Bool { libpq?.isInTransaction ?? false }

    /// Ends the connection at once. An exchange in flight fails with `reason`, unless the server had already refused
    /// part of it; when COMMIT was sent and not answered, nobody knows whether it happened.
    func close(_ reason: PostgresError) {
        loop.assertCurrent()
        guard libpq != nil else { return }
        watch?.cancel()
        watch = nil
        libpq = nil
        closeReason = reason
        leaseError = leaseError ?? reason
        if isExchanging, failure == nil {
            failure = reason
            failure?.isOutcomeUnknown = isCommitOpen
        }
        expected.removeAll()
        cursor = 0
        resumeWaiter()
        onClose?(reason)
        onClose = nil
    }

    /// Gives away the last of the kept results; the connection keeps none.
    func takeLastRows() throws(PostgresError) -> Rows {
        defer { kept.removeAll(keepingCapacity: true) }
        guard let rows = kept.last else { throw PostgresError(.unexpectedResult, "no result") }
        return rows
    }

    func takeAllRows() -> [Rows] {
        defer { kept = [] }
        return kept
    }

    func resumeWaiter() {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume()
    }
}
