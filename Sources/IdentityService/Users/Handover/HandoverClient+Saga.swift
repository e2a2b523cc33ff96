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
    /// - Parameters:
    ///   - hindrance: why what was asked for is not to be done any more; nil as long as it is. Looked for before each look at a service, too.
    ///   - request: what to give away; nil when nothing is.
    func steps(
        _ name: String, unless hindrance: @escaping @Sendable (SagaRun) async throws -> Hindrance? = { _ in nil },
        _ request: @escaping @Sendable (SagaRun) throws -> BeginHandoverRequest?
    ) -> [SagaStep] {
        services.map { service in
            SagaStep("\(name)_\(service.rawValue)") { run in
                guard var request = try request(run) else { return .over(JobReport()) }
                if let hindrance = try await hindrance(run) { return try await stop(run, service, hindrance) }
                request.handoverID = run.id.bytes
                request.retryFailedBeforeMicros = run.startedAt.microseconds
                let handover = try await begin(request, service, for: run.requester, in: run.tenantID)
                return outcome(of: handover, failure: handover.failure)
            } undo: { run in
                guard try request(run) != nil else { return .over(JobReport()) }
                return outcome(of: try await cancel(run.id, service, for: run.requester, in: run.tenantID))
            }
        }
    }

    /// What is under way at the service ends first, so that nothing goes on by itself after the saga has failed. Tried again, it goes on.
    private func stop(_ run: SagaRun, _ service: ServiceName, _ hindrance: Hindrance) async throws -> SagaOutcome {
        let handover = try await cancel(run.id, service, for: run.requester, in: run.tenantID)
        return outcome(of: handover, failure: hindrance.reason)
    }

    private func outcome(of handover: Handover, failure: String? = nil) -> SagaOutcome {
        let report = handover.report ?? JobReport()
        guard (handover.openCount ?? 0) == 0 else { return .lookAgain(in: Self.pause, report) }
        return failure.map { .failed($0, report) } ?? .over(report)
    }
}

/// Why a saga does not go on with what it was asked for.
struct Hindrance: Hashable, Sendable {
    /// As in TRANSFER_OUTDATED.
    let reason: String
}

extension SagaRun {
    /// Who asked for it.
    var requester: UserID {
        guard let userID else { preconditionFailure("such a saga works for who asked for it") }
        return userID
    }
}
