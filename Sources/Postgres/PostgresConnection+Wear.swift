import Reactor

// How much of the server a connection uses up.
extension PostgresConnection {
    /// How often the backend's memory is measured while nobody waits.
    private static let measureEvery: UInt64 = 60_000_000_000
    /// What a tenant and a prepared statement cost a backend until it is measured again.
    private static let tenantBytes = 160 << 10
    private static let statementBytes = 24 << 10

    /// From here on it should be replaced, so that it stays below the limit until its successor is there.
    private var wornBytes: Int { settings.backendBytesMax / 4 * 3 }

    /// At the last measure, and what has been added since.
    private var estimatedBytes: Int {
        measured.bytes + (slots.count - measured.slotCount) * Self.tenantBytes
            + (statements.preparedCount - measured.preparedCount) * Self.statementBytes
    }

    /// Whether to measure now: from time to time, and under any load before it may use more than it should.
    func isMeasureDue(now: UInt64, isBusy: Bool) -> Bool {
        estimatedBytes >= wornBytes && measured.bytes < wornBytes
            || !isBusy && now > measured.time && now - measured.time > Self.measureEvery
    }

    /// Whether the pool should replace it.
    func isWorn(now: UInt64) -> Bool {
        measured.bytes >= wornBytes || now > openTime && now - openTime >= ageMax
    }

    /// Asks the backend for its memory. A login without the right to ask (`InstallationSetup` grants it) is estimated
    /// by its tenants and statements. False when the connection broke over it.
    func measure() async -> Bool {
        var bytes = estimatedBytes
        do throws(PostgresError) {
            try sendRole(nil)
            try sendUnprepared(
                "SELECT sum(total_bytes)::int8 FROM pg_catalog.pg_get_backend_memory_contexts()", isKept: true
            )
            try await exchange(deadline: MonotonicTime.now() + Self.abandonAfter)
            bytes = Int(try takeLastRows().one().int64(0))
        } catch {
            leaseError = nil
        }
        measured = Measure(
            bytes: bytes, slotCount: slots.count, preparedCount: statements.preparedCount, time: loop.now)
        guard isOpen, !isAtRest else { return isOpen }
        return await rest()
    }
}

/// The memory of a backend at some time, and what it held then.
struct Measure {
    var bytes = 0
    var slotCount = 0
    var preparedCount = 0
    var time: UInt64
}
