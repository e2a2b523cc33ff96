import Reactor

// How much of the server a connection uses up.
extension PostgresConnection {
    /// How often the backend's memory is measured.
    private static let measureEvery: UInt64 = 60_000_000_000
    /// What a tenant costs a backend, where the login may not measure.
    private static let tenantBytes = 160 << 10

    func isMeasureDue(now: UInt64) -> Bool {
        now > lastMeasureTime && now - lastMeasureTime > Self.measureEvery
    }

    /// Whether the pool should replace it.
    func isWorn(now: UInt64) -> Bool {
        slots.count >= settings.tenantCountMax || backendBytes >= settings.backendBytesMax
            || now > openTime && now - openTime >= ageMax
    }

    /// Asks the backend for its memory. A login without the right to ask (`InstallationSetup` grants it) is estimated
    /// by its tenants. False when the connection broke over it.
    func measure() async -> Bool {
        lastMeasureTime = loop.now
        do throws(PostgresError) {
            try sendUnprepared(
                "SELECT sum(total_bytes)::int8 FROM pg_catalog.pg_get_backend_memory_contexts()", isKept: true
            )
            try await exchange(deadline: MonotonicTime.now() + Self.abandonAfter)
            backendBytes = Int(try takeLastRows().one().int64(0))
        } catch {
            backendBytes = slots.count * Self.tenantBytes
        }
        guard isOpen, !isAtRest else { return isOpen }
        return await rest()
    }
}
