import RPC
import Reactor
import Synchronization

/// A unary call with a second attempt that begins when the first has been silent for some time. The first answer counts, an error of
/// the server's making too; only UNAVAILABLE waits for the other attempt.
struct HedgedCall: Sendable {
    private enum Outcome: Sendable {
        case first(Result<[UInt8], RPCError>)
        /// Nil when the attempt was not made.
        case second(Result<[UInt8], RPCError>?)
    }

    private let pool: ClientPool
    private let delay: Duration
    private let first: UnaryClientCall
    private let second: UnaryClientCall
    private let secondState = SecondState()

    private final class SecondState: Sendable {
        let hasBegun = Atomic<Bool>(false)
    }

    init(
        pool: ClientPool, _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions, after delay: Duration
    ) {
        self.pool = pool
        self.delay = delay
        first = UnaryClientCall(pool: pool, method, request, options)
        second = UnaryClientCall(pool: pool, method, request, options, hedging: first)
    }

    func run() async throws(RPCError) -> [UInt8] {
        let answer: Result<[UInt8], RPCError> = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { .first(await result(of: first)) }
            group.addTask { .second(await hedge()) }
            let chosen = await choose(&group)
            group.cancelAll()
            return chosen
        }
        return try answer.get()
    }

    private func choose(_ group: inout TaskGroup<Outcome>) async -> Result<[UInt8], RPCError> {
        var failure: RPCError?
        while let outcome = await group.next() {
            switch outcome {
            case .second(nil): continue
            case .first(.success(let answer)), .second(.success(let answer)?): return .success(answer)
            case .first(.failure(let error)):
                failure = error
                let mayBeBettered = secondState.hasBegun.load(ordering: .relaxed) && error.code == .unavailable
                if !mayBeBettered { return .failure(error) }
            case .second(.failure(let error)?):
                if error.code != .unavailable { return .failure(error) }
                failure = failure ?? error
            }
        }
        return .failure(failure ?? .cancelled())
    }

    private func hedge() async -> Result<[UInt8], RPCError>? {
        do {
            try await pool.loop.sleep(for: delay)
        } catch {
            return nil
        }
        guard await pool.payForHedge() else { return nil }
        secondState.hasBegun.store(true, ordering: .relaxed)
        return await result(of: second)
    }

    private func result(of attempt: UnaryClientCall) async -> Result<[UInt8], RPCError> {
        do throws(RPCError) {
            return .success(try await attempt.run())
        } catch {
            return .failure(error)
        }
    }
}

extension ClientPool {
    /// A hedge counts as a retry.
    fileprivate func payForHedge() async -> Bool {
        await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: self.pay(for: .hedge)) }
        }
    }
}
