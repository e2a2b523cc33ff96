import CoreMetrics
import Observability
import RPC
import Tenancy

/// Verifies the proof of who calls, if one came along, and puts the caller into the context. A method that needs a
/// caller asks for it; a few, as signing in, work without.
struct CallerAuthentication: Interceptor {
    private let cache: CallerTokenCache
    private let factory: any MetricsFactory

    init(verifier: CallerTokenVerifier, loopCount: Int, factory: any MetricsFactory) {
        cache = CallerTokenCache(verifier: verifier, shardCount: loopCount)
        self.factory = factory
    }

    func admit(_ context: CallContext) throws {
        guard let token = context.callerToken else { return }
        do {
            let caller = try cache.caller(of: token)
            try requireProgram(of: caller, context)
            context.caller = caller
        } catch let error as RPCError {
            // Rare, so that making the counter anew each time costs nothing that matters.
            Counter(
                label: MetricName.callerRefusals, dimensions: [(MetricDimension.reason, error.reason)],
                factory: factory
            ).increment()
            throw error
        }
    }

    /// A program's proof is good on calls of those only who call for its purpose: who else has come by one cannot use it.
    private func requireProgram(of caller: Caller, _ context: CallContext) throws {
        guard let purpose = caller.purpose else { return }
        if case .program(let peer) = context.peer, ProgramCalls.callers[purpose]?.contains(peer) == true { return }
        throw RPCError.unauthenticated(
            "CALLER_INVALID",
            "The proof of who calls is of a program's own call, and \(context.peer) is not that program.")
    }
}
