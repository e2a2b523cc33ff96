import Synchronization

/// Numbers for traces and spans: unlike any other of this process and, by random starting points, of other processes. They need not be
/// hard to guess, and asking the kernel for randomness cost more than all the rest of a short call.
enum TraceIDs {
    private static let base = UInt64.random(in: .min ... .max)
    private static let high = UInt64.random(in: 1 ... .max)
    private static let counter = Atomic<UInt64>(0)

    /// The upper half of trace ids: which process made them.
    static var process: UInt64 { high }

    /// A number other than 0, which does not come twice in 2⁶⁴ calls.
    static func next() -> UInt64 {
        number(counter.wrappingAdd(1, ordering: .relaxed).oldValue) ?? next()
    }

    /// Two of them, for one look at what all loops share.
    static func nextTwo() -> (UInt64, UInt64) {
        let count = counter.wrappingAdd(2, ordering: .relaxed).oldValue
        return (number(count) ?? next(), number(count &+ 1) ?? next())
    }

    private static func number(_ count: UInt64) -> UInt64? {
        let mixed = mix(base &+ count &* 0x9e37_79b9_7f4a_7c15)
        return mixed == 0 ? nil : mixed
    }

    /// The finalizer of SplitMix64: a bijection under which neighbours look unrelated.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
