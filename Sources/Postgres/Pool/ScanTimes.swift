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

/// How long scans took lately, by tenant and statement: the same filter is quick for one tenant and long for another.
///
/// A scan is as quick as the quicker of its last two runs, so that one run on a busy machine does not count against it. Bounded by two
/// generations: when the younger is full the older is forgotten.
struct ScanTimes {
    struct Key: Hashable {
        let tenant: TenantID
        /// `Statement.id`.
        let statementID: Int
    }

    private struct Times {
        var last: UInt64
        var before: UInt64
    }

    /// Scans of one generation; one takes some 60 bytes.
    static let generationCountMax = 4_096

    private var young: [Key: Times] = [:]
    private var old: [Key: Times] = [:]

    /// Nanoseconds; nil for a scan that was not seen lately.
    func nanoseconds(_ key: Key) -> UInt64? { (young[key] ?? old[key]).map { min($0.last, $0.before) } }

    /// A scan has ended. One that was broken off would have taken longer: it counts when it was long already.
    mutating func note(_ key: Key, nanoseconds: UInt64, isWhole: Bool) {
        guard isWhole || nanoseconds >= ScanClass.aloneFrom else { return }
        let known = young[key] ?? old[key]
        let before = isWhole ? known?.last ?? nanoseconds : nanoseconds
        if young.count >= Self.generationCountMax, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = Times(last: nanoseconds, before: before)
    }
}
