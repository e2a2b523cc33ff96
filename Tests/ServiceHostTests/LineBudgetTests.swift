import Contracts
import Logging
import Observability
import RPC
import Synchronization
import Testing

@testable import ServiceHost

/// What comes by the thousand is written some times a second.
@Suite struct LineBudgetTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func aLineTellsHowManyWereLeftOut() {
        let lines = LineBudget()
        #expect((0..<1_000).count { _ in lines.take("WORKSPACE_BUSY", now: 0) != nil } == 10)
        #expect(lines.take("READ_TIMEOUT", now: 0) == 0)
        #expect(lines.take("WORKSPACE_BUSY", now: Self.second / 5) == 990)
        #expect(lines.take("WORKSPACE_BUSY", now: Self.second / 5) == nil)
        #expect(lines.take("WORKSPACE_BUSY", now: 10 * Self.second) == 1)
        #expect(lines.take("WORKSPACE_BUSY", now: 10 * Self.second) == 0)
    }

    /// Refusals with a cause are sampled; an incident is told to its caller, who will ask for its line.
    @Test func refusalsAreSampledAndIncidentsAreNot() {
        let written = Written()
        let context = Sample.context(logger: Logger(label: "test") { _ in written })
        let log = CallLog(slowCall: .seconds(60))
        struct Cause: Error {}
        let busy = RPCError(.resourceExhausted, reason: "WORKSPACE_BUSY", "", cause: Cause())
        for _ in 0..<1_000 { log.finish(context, CallOutcome(error: busy, durationNanoseconds: 0)) }
        #expect((10...20).contains(written.count.withLock { $0 }))
        let before = written.count.withLock { $0 }
        for _ in 0..<100 { log.finish(context, CallOutcome(error: RPCError(masking: Cause()), durationNanoseconds: 0)) }
        #expect(written.count.withLock { $0 } == before + 100)
    }
}

/// Counts lines.
private final class Written: LogHandler, Sendable {
    let count = Mutex(0)
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { count.withLock { $0 += 1 } }
}
