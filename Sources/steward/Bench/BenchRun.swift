import RPC
import Synchronization

/// Makes the calls of a benchmark and records them.
final class BenchRun: Sendable {
    /// One of the connections that calls are spread over.
    struct Lane: Sendable {
        /// Where its callers run; nil for wherever there is room.
        let executor: (any TaskExecutor)?
        /// Makes a call; gives the bytes of the answer. The index of the call goes into its request id.
        let call: @Sendable (_ index: Int) async throws -> Int
    }

    private struct State {
        var pacer: LoadPacer
        var recorder: BenchRecorder
    }

    private let lanes: [Lane]
    /// Callers, that is calls waiting for their answers at once, over all lanes.
    private let concurrency: Int
    private let state: Mutex<State>
    private let isStopped = Atomic<Bool>(false)
    private let start = ContinuousClock.now

    init(lanes: [Lane], concurrency: Int, pacer: LoadPacer) {
        self.lanes = lanes
        self.concurrency = concurrency
        state = Mutex(State(pacer: pacer, recorder: BenchRecorder(warmUp: pacer.warmUp)))
    }

    /// What was measured so far.
    var progress: (pacer: LoadPacer, recorder: BenchRecorder) {
        state.withLock { ($0.pacer, $0.recorder) }
    }

    /// Measured calls that have ended.
    var callCount: Int { state.withLock { $0.recorder.callCount } }

    /// No more calls; those under way are not counted. Cancel the task of `run` as well.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Returns when the last call has ended.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<concurrency {
                let lane = lanes[caller % lanes.count]
                group.addTask(executorPreference: lane.executor) { await self.makeCalls(lane) }
            }
        }
    }

    private var now: Duration { ContinuousClock.now - start }

    private func makeCalls(_ lane: Lane) async {
        while let arrival = next() {
            if arrival.due > now {
                // Throws when the benchmark is stopped, and the next look at `isStopped` ends it.
                try? await Task.sleep(until: start + arrival.due, tolerance: .zero, clock: .continuous)
            }
            let began = now
            guard !isOver, state.withLock({ $0.pacer.begin(arrival, at: began) }) else { return }
            let outcome = await make(arrival, lane)
            let ended = now
            guard !isOver else { return }
            state.withLock { $0.recorder.record(outcome, of: arrival, began: began, ended: ended) }
        }
    }

    private var isOver: Bool { isStopped.load(ordering: .relaxed) }

    private func next() -> Arrival? {
        guard !isOver else { return nil }
        let now = now
        return state.withLock { $0.pacer.next(at: now) }
    }

    private func make(_ arrival: Arrival, _ lane: Lane) async -> CallOutcome {
        do {
            return .answered(bytes: try await lane.call(arrival.index))
        } catch {
            return .failed(error as? RPCError ?? RPCError(masking: error))
        }
    }
}
