/// Delays between attempts to connect: doubling from 50 ms to 1 s, each between half and all of that, so that the
/// programs of an installation do not all knock at the same moment when a database comes back.
struct Backoff {
    static let first: UInt64 = 50_000_000
    static let last: UInt64 = 1_000_000_000

    /// Nanoseconds to wait after so many failures in a row. `random` is between 0 and 1.
    static func delay(failures: Int, random: Double) -> UInt64 {
        guard failures > 0 else { return 0 }
        let doubled = first << UInt64(min(failures - 1, 8))
        let whole = Double(min(doubled, last))
        return UInt64(whole * (0.5 + random / 2))
    }
}
