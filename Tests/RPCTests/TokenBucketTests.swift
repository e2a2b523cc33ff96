import Testing

@testable import RPC

@Suite struct TokenBucketTests {
    private static let second: UInt64 = 1_000_000_000

    /// A class, so that `#expect` can call what changes it.
    private final class Bucket {
        private var base: TokenBucket

        init(burst: Int, perSecond: Int, now: UInt64) {
            base = TokenBucket(burst: burst, perSecond: perSecond, now: now)
        }

        func allows(at now: UInt64) -> Bool { base.allows(at: now) }
        func take(_ units: Int, at now: UInt64) -> Bool { base.take(units, at: now) }
        func charge(_ units: Int, at now: UInt64) { base.charge(units, at: now) }
        func remaining(at now: UInt64) -> Int { base.remaining(at: now) }
        func wait(for units: Int, at now: UInt64) -> UInt64 { base.wait(for: units, at: now) }
        func untilFull(at now: UInt64) -> UInt64 { base.untilFull(at: now) }
    }

    @Test func allowsABurstAndRefills() {
        let bucket = Bucket(burst: 3, perSecond: 1, now: 0)
        let first = (0..<4).map { _ in bucket.allows(at: 0) }
        #expect(first == [true, true, true, false])
        let later = bucket.allows(at: Self.second)
        let again = bucket.allows(at: Self.second)
        #expect(later && !again)
    }

    @Test func takesWholeAmountsOrNothing() {
        let bucket = Bucket(burst: 10, perSecond: 2, now: 0)
        #expect(bucket.take(8, at: 0))
        #expect(!bucket.take(3, at: 0))
        #expect(bucket.remaining(at: 0) == 2)
        #expect(bucket.wait(for: 3, at: 0) == Self.second / 2)
        #expect(bucket.take(3, at: Self.second / 2))
        #expect(bucket.untilFull(at: Self.second / 2) == 5 * Self.second)
    }

    /// Otherwise a call that costs more than the bucket holds could never be made.
    @Test func aFullBucketGivesMoreThanItHolds() {
        let bucket = Bucket(burst: 10, perSecond: 10, now: 0)
        #expect(bucket.take(25, at: 0))
        #expect(bucket.remaining(at: 0) == 0)
        #expect(!bucket.take(1, at: Self.second))
        #expect(bucket.take(1, at: 2 * Self.second))
    }

    @Test func chargesMayGoBelowZero() {
        let bucket = Bucket(burst: 10, perSecond: 5, now: 0)
        bucket.charge(15, at: 0)
        #expect(bucket.remaining(at: Self.second) == 0)
        #expect(bucket.remaining(at: 3 * Self.second) == 10)
        #expect(bucket.untilFull(at: 0) == 3 * Self.second)
    }

    /// However much one call took: whoever used it all is back after a time that is known.
    @Test func whatIsOwedIsBounded() {
        let bucket = Bucket(burst: 10, perSecond: 10, now: 0)
        bucket.charge(1_000_000, at: 0)
        #expect(bucket.untilFull(at: 0) == 2 * Self.second)
    }

    /// Loops read the clock one after the other.
    @Test func timeNeverRunsBackwards() {
        let bucket = Bucket(burst: 10, perSecond: 10, now: 5 * Self.second)
        #expect(bucket.take(10, at: 5 * Self.second))
        #expect(!bucket.allows(at: 4 * Self.second))
        #expect(bucket.allows(at: 5 * Self.second + Self.second / 10))
    }
}
