import CoreMetrics
import Observability

/// What the pools of one database report, whatever their loops and logins.
struct PoolMetrics {
    private let transactions: CoreMetrics.Timer
    private let scans: CoreMetrics.Timer
    private let waits: CoreMetrics.Timer
    private let refusals: [PoolRefusal: Counter]
    private let connects: Counter
    private let idle: Meter
    private let busy: Meter
    private let waiting: Meter
    // What this pool has added to the meters.
    private var idleCount = 0
    private var busyCount = 0
    private var waitingCount = 0

    init(database: String) {
        let labels = [(MetricDimension.database, database)]
        transactions = CoreMetrics.Timer(label: MetricName.transactionDuration, dimensions: labels)
        waits = CoreMetrics.Timer(label: MetricName.poolWait, dimensions: labels)
        scans = CoreMetrics.Timer(label: MetricName.scanDuration, dimensions: labels)
        refusals = Dictionary(
            uniqueKeysWithValues: PoolRefusal.allCases.map {
                let reason = [(MetricDimension.reason, $0.rawValue)]
                return ($0, Counter(label: MetricName.poolRefusals, dimensions: labels + reason))
            })
        waiting = Meter(label: MetricName.poolWaiters, dimensions: labels)
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

    func refused(_ reason: PoolRefusal) { refusals[reason]?.increment() }

    /// From the loan of a connection for a scan to its return.
    func scanEnded(nanoseconds: UInt64) { scans.recordNanoseconds(Int64(clamping: nanoseconds)) }

    func connected() { connects.increment() }

    /// Corrects the meters, which all pools of the database share, by what has changed in this one.
    mutating func update(idle newIdle: Int, busy newBusy: Int, waiting newWaiting: Int) {
        if newIdle != idleCount { idle.increment(by: Double(newIdle - idleCount)) }
        if newBusy != busyCount { busy.increment(by: Double(newBusy - busyCount)) }
        if newWaiting != waitingCount { waiting.increment(by: Double(newWaiting - waitingCount)) }
        (idleCount, busyCount, waitingCount) = (newIdle, newBusy, newWaiting)
    }
}

/// Why a caller got no connection.
enum PoolRefusal: String, CaseIterable {
    case lineFull = "line_full"
    case deadline
    case tenantLineFull = "tenant_line_full"
    case scans

    var kind: PostgresError.Kind {
        switch self {
        case .lineFull, .deadline: .poolExhausted
        case .tenantLineFull, .scans: .tenantBusy
        }
    }

    /// For the log.
    var message: String {
        switch self {
        case .lineFull: "the line for a connection is full"
        case .deadline: "the deadline passed in line for a connection"
        case .tenantLineFull: "too many calls of this tenant wait for a connection already"
        case .scans: "this tenant's other scans take too long to wait for them"
        }
    }
}
