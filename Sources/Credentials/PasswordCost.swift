/// What an argon2id hash costs whoever computes it: the owner once per sign-in, a thief once per guess.
package struct PasswordCost: Hashable, Sendable {
    /// Memory in KiB, 8 × lanes … 131,072.
    package let memoryKiB: UInt32
    /// Passes over the memory, 1 … 100.
    package let iterations: UInt32
    /// Lanes that may run in parallel, 1 … 16. The library computes them on one thread each.
    package let lanes: UInt32

    package init(memoryKiB: UInt32, iterations: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.iterations = iterations
        self.lanes = lanes
    }

    /// OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. About 25 ms of one core.
    package static let standard = PasswordCost(memoryKiB: 19_456, iterations: 2, lanes: 1)

    /// Most memory a stored hash may ask for. Bounds what verifying a planted hash can cost.
    static let memoryKiBMax: UInt32 = 131_072
    /// Most passes a stored hash may ask for.
    static let iterationsMax: UInt32 = 100
    /// Most lanes a stored hash may ask for.
    static let lanesMax: UInt32 = 16

    var isWithinLimits: Bool {
        (1...Self.lanesMax).contains(lanes) && (1...Self.iterationsMax).contains(iterations)
            && memoryKiB >= 8 * lanes && memoryKiB <= Self.memoryKiBMax
    }
}
