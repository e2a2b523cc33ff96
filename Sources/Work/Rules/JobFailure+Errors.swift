import RPC

extension JobFailure {
    /// Runners went away in the middle of the step too often.
    static let interrupted = JobFailure(reason: "JOB_INTERRUPTED", kind: .final)

    /// - Parameters:
    ///   - isTenantActive: a workspace that is not active knows no users; that says nothing of the one.
    ///   - callsOthers: the step calls other services: one that does not answer in time is away.
    init(_ error: any Error, isTenantActive: Bool, callsOthers: Bool = false) {
        guard let error = error as? RPCError else {
            self.init(reason: "INTERNAL", kind: .passing)
            return
        }
        let reason = error.reason.isEmpty ? error.code.name : error.reason
        switch error.code {
        case .unavailable: self.init(reason: reason, kind: .elsewhere)
        case .deadlineExceeded where callsOthers: self.init(reason: reason, kind: .elsewhere)
        // Others of the workspace keep the database busy.
        case .resourceExhausted where error.retryDelay != nil: self.init(reason: reason, kind: .elsewhere)
        case .permissionDenied: self.init(reason: reason, kind: isTenantActive ? .final : .elsewhere)
        case .invalidArgument, .unimplemented: self.init(reason: reason, kind: .final)
        default: self.init(reason: reason, kind: .passing)
        }
    }
}
