import CoreMetrics
import Observability

/// What the pools of one database report, whatever their loops and logins.
struct PoolMetrics {
    private let transactions: CoreMetrics.Timer
    private let waits: CoreMetrics.Timer
    private let refusals: Counter
    private let connects: Counter
    private let idle: Meter
    private let busy: Meter
    // What this pool has added to the two meters.
    private var idleCount = 0
    private var busyCount = 0

    init(database: String) {
        let labels = [(MetricDimension.database, database)]
        transactions = CoreMetrics.Timer(label: MetricName.transactionDuration, dimensions: labels)
        waits = CoreMetrics.Timer(label: MetricName.poolWait, dimensions: labels)
        refusals = Counter(label: MetricName.poolRefusals, dimensions: labels)
        connects = Counter(label: MetricName.poolConnects, dimensions: labels)
        idle = Meter(
            label: MetricName.poolConnections, dimensions: labels + [(MetricDimension.state, "idle")])
        busy = Meter(
            label: MetricName.poolConnections, dimensions: labels + [(MetricDimension.state, "busy")])
    }

    /// From the loan of a connection to its return.
    func transactionEnded(nanoseconds: UInt64) {
        transactions.recordNanoseconds(Int64(clamping: nanoseconds))
    }

    /// In line; those who found a free connection are not counted.
    func waited(nanoseconds: UInt64) { waits.recordNanoseconds(Int64(clamping: nanoseconds)) }

    func refused() { refusals.increment() }

    func connected() { connects.increment() }

    /// Corrects the meters, which all pools of the database share, by what has changed in this one.
    mutating func update(idle newIdle: Int, busy newBusy: Int) {
        if newIdle != idleCount { idle.increment(by: Double(newIdle - idleCount)) }
        if newBusy != busyCount { busy.increment(by: Double(newBusy - busyCount)) }
        (idleCount, busyCount) = (newIdle, newBusy)
    }
}
