import Logging
import Observability
import RPC
import Reactor

/// Brings recorded spans to their file, once a second.
struct SpanWriter: Sendable {
    let run: ProcessRun
    let spans: SpanExporter

    /// Nil when no spans are recorded.
    init?(run: ProcessRun) {
        guard let spans = run.spans else { return nil }
        self.run = run
        self.spans = spans
    }

    /// How long a span waits at most: short enough to look at a trace right after the call.
    private static let interval: Duration = .seconds(1)

    /// Runs until cancelled.
    func start() -> Task<Void, Never> {
        run.loops.loops[0].spawn {
            var problem: String?
            while !Task.isCancelled {
                problem = await write(after: problem)
                try? await run.loops.loops[0].sleep(for: Self.interval)
            }
        }
    }

    /// Writes what waits, and tells of a problem that was not told `last` time.
    @discardableResult
    func write(after last: String? = nil) async -> String? {
        do {
            let problem = try await run.workers.run { [spans] in spans.flush() }
            if let problem, problem != last {
                run.logger.error("spans are not written", metadata: [LogKey.error: "\(problem)"])
            }
            return problem
        } catch {
            // The workers are busy, or the task was cancelled: the queue keeps what it can.
            return last
        }
    }
}
