import Contracts
import Records
import Tenancy
import Work

// The steps of sagas in which the services give records away.
extension HandoverClient {
    private static let pause = Duration.seconds(1)
    /// A service that is away so long has more to it than a restart.
    static let sagaTimeout = Duration.seconds(7 * 86_400)

    /// One step for each service, as in `hand_over_customer`. What was given away stays so when the saga goes back: only what is still to come
    /// is cancelled.
    ///
    /// - Parameter request: what to give away; nil when nothing is.
    func steps(
        _ name: String, _ request: @escaping @Sendable (SagaRun) throws -> BeginHandoverRequest?
    ) -> [SagaStep] {
        services.map { service in
            SagaStep("\(name)_\(service.rawValue)") { run in
                guard var request = try request(run) else { return .over(JobReport()) }
                request.handoverID = run.id.bytes
                request.retryFailedBeforeMicros = run.startedAt.microseconds
                let handover = try await begin(request, service, for: run.requester, in: run.tenantID)
                if let failure = handover.failure { return .failed(failure, handover.report ?? JobReport()) }
                return outcome(of: handover)
            } undo: { run in
                guard try request(run) != nil else { return .over(JobReport()) }
                return outcome(of: try await cancel(run.id, service, for: run.requester, in: run.tenantID))
            }
        }
    }

    private func outcome(of handover: Handover) -> SagaOutcome {
        let report = handover.report ?? JobReport()
        return (handover.openCount ?? 0) > 0 ? .lookAgain(in: Self.pause, report) : .over(report)
    }
}

extension SagaRun {
    /// Who asked for it.
    var requester: UserID {
        guard let userID else { preconditionFailure("such a saga works for who asked for it") }
        return userID
    }
}
