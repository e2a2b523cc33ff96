import RPC
import Testing

@testable import steward

@Suite struct FailureTests {
    @Test(arguments: [
        ("OPERATOR_REQUIRED", "steward login --operator"), ("TENANT_USER_REQUIRED", "steward login --workspace"),
        ("PERMISSION_MISSING", "ask an admin of the workspace"),
    ])
    func theCureFitsTheReason(_ reason: String, _ cure: String) {
        let error = RPCError.permissionDenied(reason, "No.")
        #expect(Failure.cure(error)?.contains(cure) == true)
    }

    @Test func aLimitThatPassesSaysWhen() {
        let budget = RPCError.resourceExhausted("BUDGET_EXHAUSTED", "Used up.", retryDelay: .milliseconds(1_200))
        #expect(Failure.cure(budget) == "come back in 2 s")
        let busy = RPCError.resourceExhausted("WORKSPACE_BUSY", "Busy.", retryDelay: .milliseconds(100))
        #expect(Failure.cure(busy) == "come back in 1 s")
        #expect(Failure.cure(.resourceExhausted("ANSWER_TOO_LARGE", "Ask for less.")) == nil)
        let locked = RPCError.resourceExhausted("SIGN_IN_LOCKED", "Try again in 5 minutes.", retryDelay: .seconds(300))
        #expect(Failure.cure(locked) == nil)
    }
}
