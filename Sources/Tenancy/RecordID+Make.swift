import Synchronization

extension RecordID {
    /// Makes an id of version 7 for this moment. Within a process each id is greater than the one before, whatever
    /// the clock does: the 12 bits after the milliseconds count up, and the milliseconds run ahead when they are used up.
    package static func make() -> RecordID {
        make(milliseconds: UInt64(Timestamp.now().microseconds / 1000))
    }

    static func make(milliseconds now: UInt64) -> RecordID {
        var random = SystemRandomNumberGenerator()
        // The counter starts below 2,048 in each millisecond, so that it has room to count.
        let start = now << 12 | (random.next() & 0x7ff)
        let ticks = lastTicks.withLock { last in
            last = max(start, last + 1)
            return last
        }
        let high = (ticks >> 12) << 16 | 0x7000 | (ticks & 0xfff)
        let low = 0x8000_0000_0000_0000 | (random.next() & 0x3fff_ffff_ffff_ffff)
        return RecordID(high: high, low: low)
    }

    /// Milliseconds since 1970 in the upper 52 bits, counter in the lower 12.
    private static let lastTicks = Mutex<UInt64>(0)
}
