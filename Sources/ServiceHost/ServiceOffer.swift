package import RPC
package import RPCTransport

/// Throws unless the caller is an operator, or a program that may ask what operators may.
package typealias OperatorCheck = @Sendable (CallContext) async throws -> Void

/// What a program serves.
package struct ServiceOffer: Sendable {
    /// The methods. Health, reflection and the server's own are added by the host.
    package var router: Router
    /// Takes calls that the router does not know; the gateway forwards them.
    package var fallback: RawHandler?
    /// Bounds the calls that the program answers by itself; the gateway's clients are anybody.
    package var pace: AnswerPace?

    /// Counts the calls that `fallback` takes.
    package var forwarded: CallStatistics?
    /// Who may ask for statistics. Without one whoever may connect: programs, each with its certificate.
    package var requireOperator: OperatorCheck?
    /// Bounds what callers of these methods have recorded. Without one their word is taken, as programs' is.
    package var callerSampling: SamplingBudget?

    package init(
        router: Router, fallback: RawHandler? = nil, pace: AnswerPace? = nil, forwarded: CallStatistics? = nil,
        requireOperator: OperatorCheck? = nil, callerSampling: SamplingBudget? = nil
    ) {
        self.router = router
        self.fallback = fallback
        self.pace = pace
        self.forwarded = forwarded
        self.requireOperator = requireOperator
        self.callerSampling = callerSampling
    }
}
