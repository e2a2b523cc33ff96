import Contracts
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

    /// Stages one of which has a hundred times what fits in 64 bits: the bars keep their proportion.
    @Test func barsOfLargeSumsKeepTheirProportion() {
        func column(_ sum: MoneySum) -> BoardColumn { BoardColumn(displayName: "S", sums: [sum]) }
        let board = GetBoardResponse(columns: [
            column(MoneySum(currencyCode: "EUR", largeMinorUnits: "10000000000000000000")),
            column(MoneySum(currencyCode: "EUR", largeMinorUnits: "20000000000000000000")),
        ])
        let bars = BoardText.lines(board, width: 200).map { $0.count { $0 == "█" } }.filter { $0 > 0 }
        #expect(bars == [12, 24])
    }
}
