import Tenancy

/// How much of the database a scan takes: a statement whose time depends on what a client asks for and how much the tenant has.
enum ScanClass: Sendable, Hashable {
    /// Known to be over in a few milliseconds, as a page in the order of an index.
    case quick
    /// Not known yet, or longer: one of a tenant at a time.
    case alone
    /// So long that only a few run at a time, whoever's they are.
    case long

    /// From how many nanoseconds on.
    static let aloneFrom: UInt64 = 5_000_000
    static let longFrom: UInt64 = 100_000_000

    init(nanoseconds: UInt64?) {
        guard let nanoseconds else {
            self = .alone
            return
        }
        self = nanoseconds < Self.aloneFrom ? .quick : nanoseconds < Self.longFrom ? .alone : .long
    }
}

/// What a connection is lent for when its time depends on what a client asks for.
package struct Scan: Hashable, Sendable {
    /// `Statement.id`.
    let statementID: Int
    /// It is planned for its values (`Parameters.arePlannedFor`): one of them says little of the next.
    let varies: Bool

    package init(_ statementID: Int, varies: Bool = false) { (self.statementID, self.varies) = (statementID, varies) }

    /// The first of some statements that is one; nil without any.
    init?(_ statements: [(Statement, Parameters)]) {
        guard let (statement, parameters) = statements.first(where: { $0.0.isScan }) else { return nil }
        self.init(statement.id, varies: parameters.arePlannedFor)
    }
}

/// How long scans took lately, by tenant and statement: the same filter is quick for one tenant and long for another.
///
/// A scan is as quick as the quicker of its last two runs, so that one run on a busy machine does not count against it; one that varies is as slow as
/// the last slow one, until several were quick in a row. Bounded by two generations: when the younger is full the older is forgotten.
struct ScanTimes {
    struct Key: Hashable {
        let tenant: TenantID
        let scan: Scan
    }

    private struct Times {
        var last: UInt64
        var before: UInt64
        /// The last one that was not quick.
        var slow: UInt64
        /// Quick ones since.
        var quickCount: Int
    }

    /// After so many quick runs of a scan that varies the next is taken for quick.
    static let quickCountMin = 8

    /// Scans of one generation; one takes some 60 bytes.
    static let generationCountMax = 4_096

    private var young: [Key: Times] = [:]
    private var old: [Key: Times] = [:]

    /// Nanoseconds; nil for a scan that was not seen lately.
    func nanoseconds(_ key: Key) -> UInt64? {
        guard let times = young[key] ?? old[key] else { return nil }
        let isSlow = key.scan.varies && times.quickCount < Self.quickCountMin
        return isSlow ? max(times.slow, ScanClass.aloneFrom) : min(times.last, times.before)
    }

    /// A scan has ended. One that was broken off would have taken longer: it counts when it was long already.
    mutating func note(_ key: Key, nanoseconds: UInt64, isWhole: Bool) {
        guard isWhole || nanoseconds >= ScanClass.aloneFrom else { return }
        let known = young[key] ?? old[key]
        let before = isWhole ? known?.last ?? nanoseconds : nanoseconds
        if young.count >= Self.generationCountMax, young[key] == nil {
            old = young
            young = [:]
        }
        let isQuick = nanoseconds < ScanClass.aloneFrom
        young[key] = Times(
            last: nanoseconds, before: before, slow: isQuick ? known?.slow ?? 0 : nanoseconds,
            quickCount: isQuick ? min((known?.quickCount ?? 0) + 1, Self.quickCountMin) : 0)
    }
}
