import Observability
import Synchronization

/// Where the time of a call went.
package struct CallTimes: Sendable, Hashable {
    /// From its arrival until its code began: its request was not whole, or others came first.
    package var queue: UInt64
    /// Waiting for a connection of the pool.
    package var pool: UInt64
    /// With a connection of the database.
    package var database: UInt64
    /// The rest: its own code, and other programs that it called.
    package var handler: UInt64
}

/// The database tells its time to the call that it works for.
extension CallContext: WorkAccount {
    /// The trace id, then the method as far as it fits: only traces that are recorded are named, since the name costs a
    /// command in each transaction (Sources/README.md, D20).
    package var databaseLabel: String? {
        guard trace.isSampled else { return nil }
        let service = method.service.split(separator: ".").last ?? ""
        return String("\(trace.traceIDText) \(service)/\(method.name)".prefix(63))
    }

    package func waitedForConnection(nanoseconds: UInt64) {
        poolNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    package func usedDatabase(
        _ name: String, from begin: UInt64, to end: UInt64, isScan: Bool, error: String?
    ) {
        databaseNanoseconds.wrappingAdd(end &- begin, ordering: .relaxed)
        if isScan { scannedNanoseconds.wrappingAdd(end &- begin, ordering: .relaxed) }
        guard let exporter = tracing.exporter(for: trace) else { return }
        let span = trace.child()
        var attributes = [
            Span.Attribute(SpanAttribute.databaseSystem, SpanAttribute.databaseSystemValue),
            Span.Attribute(SpanAttribute.databaseName, name),
        ]
        if let error { attributes.append(Span.Attribute(SpanAttribute.errorType, error)) }
        exporter.record(
            Span(
                traceHigh: span.traceHigh, traceLow: span.traceLow, spanID: span.spanID, parentID: span.parentID,
                kind: .client, name: "transaction", begin: begin, end: end, isError: error != nil,
                attributes: attributes))
    }

    /// Time with a connection of the database for scans (`WorkAccount`).
    package var scanTime: UInt64 { scannedNanoseconds.load(ordering: .relaxed) }

    /// The parts of a call that took so long in all, nanoseconds. A call that used several connections at once may have more
    /// time in the database than in all; its rest is then 0.
    package func times(of duration: UInt64) -> CallTimes {
        let begin = handlerNanoseconds == 0 ? startNanoseconds &+ duration : handlerNanoseconds
        let queue = min(duration, begin > startNanoseconds ? begin - startNanoseconds : 0)
        let pool = poolNanoseconds.load(ordering: .relaxed)
        let database = databaseNanoseconds.load(ordering: .relaxed)
        let spent = queue &+ pool &+ database
        return CallTimes(
            queue: queue, pool: pool, database: database, handler: duration > spent ? duration - spent : 0)
    }
}
