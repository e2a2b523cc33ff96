import RPC
import Testing

@testable import Work

/// What an error of a step means for its job.
@Suite struct JobFailureTests {
    @Test func whatIsNotTheJobsFaultWaits() {
        let away = RPCError.unavailable("DATABASE_UNAVAILABLE", "away", retryDelay: .seconds(1))
        var busy = RPCError.resourceExhausted("WORKSPACE_BUSY", "busy")
        #expect(JobFailure(away, isTenantActive: true).kind == .elsewhere)
        #expect(JobFailure(busy, isTenantActive: true).kind == .passing)
        busy.retryDelay = .seconds(1)
        #expect(JobFailure(busy, isTenantActive: true).kind == .elsewhere)
    }

    /// A service that hangs is away as one that refuses is; a step of one's own that takes too long will again.
    @Test func whoDoesNotAnswerInTimeIsAway() {
        let late = RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", domain: "rpc", "late")
        #expect(JobFailure(late, isTenantActive: true, callsOthers: true).kind == .elsewhere)
        #expect(JobFailure(late, isTenantActive: true).kind == .passing)
    }

    /// What would be too long again each time is tried as often as a job may, and no more.
    @Test func aLimitThatStaysIsNoReasonToWait() {
        let long = RPCError.resourceExhausted("ANSWER_TOO_LONG", "too long")
        #expect(JobFailure(long, isTenantActive: true).kind == .passing)
        let wrong = RPCError.invalidArgument("FILTER_SYNTAX", "wrong", field: nil)
        #expect(JobFailure(wrong, isTenantActive: true).kind == .final)
        let rights = RPCError.permissionDenied("USER_UNKNOWN", "gone")
        #expect(JobFailure(rights, isTenantActive: true).kind == .final)
        #expect(JobFailure(rights, isTenantActive: false).kind == .elsewhere)
    }
}
