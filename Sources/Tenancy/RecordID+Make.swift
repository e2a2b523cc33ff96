import Glibc
import Synchronization

extension RecordID {
    /// Makes an id of version 7 for this moment. Within a process each id is greater than the one before, whatever
    /// the clock does: the 12 bits after the milliseconds count up, and the milliseconds run ahead when they are used up.
    package static func make() -> RecordID {
        make(milliseconds: UInt64(Timestamp.now().microseconds / 1000))
    }

    static func make(milliseconds now: UInt64) -> RecordID {
        source.withLock { $0.next(now) }
    }

    private static let source = Mutex(Source())

    /// What ids are made of: where they have come to, and chance.
    private struct Source {
        /// Milliseconds since 1970 in the upper 52 bits, counter in the lower 12.
        private var ticks: UInt64 = 0
        /// Random words that no id has had yet. Ids are no secrets, so that some may lie ready: asking the kernel for each costs more
        /// than the rest of an id.
        private var words: [UInt64] = []
        private static let wordsAtOnce = 32

        mutating func next(_ now: UInt64) -> RecordID {
            // The counter starts below 2,048 in each millisecond, so that it has room to count.
            ticks = max(now << 12 | (word() & 0x7ff), ticks + 1)
            return RecordID(
                high: (ticks >> 12) << 16 | 0x7000 | (ticks & 0xfff),
                low: 0x8000_0000_0000_0000 | (word() & 0x3fff_ffff_ffff_ffff))
        }

        private mutating func word() -> UInt64 {
            if words.isEmpty { refill() }
            return words.removeLast()
        }

        private mutating func refill() {
            words = [UInt64](repeating: 0, count: Self.wordsAtOnce)
            // SAFETY: getentropy fills as many bytes as the buffer has, which is at most the 256 that it takes.
            let result = words.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
            precondition(result == 0, "the kernel gives no random bytes")
        }
    }
}
