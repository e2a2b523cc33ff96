import IdentityContracts
import RPC
import SalesContracts
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

    @Test(arguments: [
        ("stage", "write stage.display_name"), ("account", "write account_id"), ("owner", "--mine"),
        ("stage.nonsense", "stage"),
    ])
    func aFilterOverANameSaysHow(_ path: String, _ cure: String) {
        let error = RPCError.invalidArgument(
            "FILTER_FIELD_UNKNOWN", "No such field.", domain: "records", details: [("field", path)])
        #expect(FilterHint.problem(error, Deal.noun)?.cure.contains(cure) == true)
        let other = RPCError.invalidArgument(
            "FILTER_FIELD_UNKNOWN", "No such field.", domain: "records", details: [("field", "amuont")])
        #expect(FilterHint.problem(other, Deal.noun) == nil)
    }

    @Test(arguments: [
        (RPCError.unauthenticated("SIGN_IN_FAILED", "No."), "set-password"),
        (RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", "Too long."), "steward server health"),
        (RPCError.failedPrecondition("PIPELINE_HAS_DEALS", "It has deals."), "steward deal move-all"),
        (RPCError.unauthenticated("SESSION_INVALID", "No."), "steward login"),
        (RPCError.notFound("TENANT_NOT_FOUND", "No."), "steward tenant list"),
        (RPCError(.outOfRange, reason: "FEED_CURSOR_INVALID", "No."), "without --resume"),
        (
            RPCError.failedPrecondition("DEPARTMENT_IN_USE", "No.", details: [("job_id", "J")]),
            "steward job cancel J"
        ),
    ])
    func everyFailureHasANextStep(_ error: RPCError, _ cure: String) {
        #expect(Failure.cure(error)?.contains(cure) == true)
    }

    /// Filters follow no list of references.
    @Test func aFilterOverAListOfNamesIsToldTheIDs() {
        let error = RPCError.invalidArgument(
            "FILTER_FIELD_UNKNOWN", "No such field.", domain: "records", details: [("field", "role")])
        #expect(FilterHint.problem(error, User.noun)?.cure.hasPrefix("write role_ids = \"ID\"") == true)
    }

    /// Whoever may not import gains nothing by repeating the command.
    @Test func onlyWhatMayPassIsToBeRepeated() {
        #expect(ImportSummary.mayPass(.interrupted(2)))
        #expect(ImportSummary.mayPass(.failed(RPCError(.unavailable, reason: "X", "Away."))))
        #expect(ImportSummary.mayPass(.failed(UsageProblem("the disk is full", cure: "free it"))))
        #expect(!ImportSummary.mayPass(.failed(RPCError.permissionDenied("PERMISSION_MISSING", "No."))))
        #expect(!ImportSummary.mayPass(.failed(RPCError.invalidArgument("FILTER_FIELD_UNKNOWN", "No."))))
    }
}
