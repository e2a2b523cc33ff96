/// Counts the handshakes of each address, so that one machine cannot keep a loop busy with them. An address has an
/// allowance that grows back with time. Confined to the loop.
final class HandshakeRates {
    /// Addresses remembered. When there are more, those that have their whole allowance back are forgotten, and if that
    /// is not enough, all: whoever commands so many addresses is held back by the order of handshakes alone.
    static let addressCountMax = 16_384
    /// Seconds of allowance that may be used at once: a whole office comes back after the restart of a gateway.
    private static let burstSeconds = 10

    private struct Allowance {
        var left: Int
        var asOf: UInt64
    }

    private let perSecondMax: Int
    private let nanosecondsEach: UInt64
    private var allowances: [SocketAddress.Host: Allowance] = [:]

    init(perSecondMax: Int) {
        self.perSecondMax = perSecondMax
        nanosecondsEach = 1_000_000_000 / UInt64(perSecondMax)
    }

    private var burst: Int { perSecondMax * Self.burstSeconds }

    /// Takes one from the allowance; false when there is none left.
    func allows(_ host: SocketAddress.Host, at now: UInt64) -> Bool {
        if allowances[host] == nil { makeRoom(now) }
        var allowance = grown(allowances[host] ?? Allowance(left: burst, asOf: now), now)
        defer { allowances[host] = allowance }
        guard allowance.left > 0 else { return false }
        allowance.left -= 1
        return true
    }

    private func grown(_ allowance: Allowance, _ now: UInt64) -> Allowance {
        let count = (now - allowance.asOf) / nanosecondsEach
        let left = min(burst, allowance.left + Int(count))
        return Allowance(left: left, asOf: left == burst ? now : allowance.asOf + count * nanosecondsEach)
    }

    private func makeRoom(_ now: UInt64) {
        guard allowances.count >= Self.addressCountMax else { return }
        allowances = allowances.filter { grown($0.value, now).left < burst }
        if allowances.count >= Self.addressCountMax { allowances = [:] }
    }
}
