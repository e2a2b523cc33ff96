import CEnvelope
import RPC
import Testing
import Wire

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(
        attemptsMax: 3, backoffFirst: .milliseconds(100), backoffLongest: .milliseconds(150))
    private static let second: UInt64 = 1_000_000_000

    private func wait(
        after error: RPCError, attempts: Int = 1, remaining: UInt64 = second, jitter: Double = 1
    ) -> Duration? {
        policy.wait(after: error, attempts: attempts, remaining: remaining, jitter: jitter)
    }

    @Test func waitsDoubleUpToTheLongestAndEnd() {
        let error = RPCError.unavailable("DOWN", "down")
        #expect(wait(after: error) == .milliseconds(100))
        #expect(wait(after: error, jitter: 0) == .milliseconds(50))
        #expect(wait(after: error, attempts: 2) == .milliseconds(150))
        #expect(wait(after: error, attempts: 3) == nil)
        #expect(RetryPolicy.none.wait(after: error, attempts: 1, remaining: .max) == nil)
    }

    @Test func theServersDelayIsTheLeast() {
        let error = RPCError.unavailable("DOWN", "down", retryDelay: .milliseconds(700))
        #expect(wait(after: error, jitter: 0) == .milliseconds(700))
        #expect(wait(after: error, jitter: 1) == .milliseconds(750))
    }

    @Test func nothingBeginsAfterTheDeadline() {
        let error = RPCError.unavailable("DOWN", "down", retryDelay: .milliseconds(999))
        #expect(wait(after: error, jitter: 0) != nil)
        #expect(wait(after: error, remaining: 999_000_000, jitter: 0) == nil)
    }

    @Test func onlyPassingErrorsAreRetried() {
        let delayed = { (code: StatusCode) in
            RPCError(code, reason: "BUSY", "busy", retryDelay: .milliseconds(10))
        }
        #expect(wait(after: delayed(.resourceExhausted)) != nil)
        #expect(wait(after: delayed(.aborted)) != nil)
        #expect(wait(after: .resourceExhausted("ANSWER_TOO_LONG", "too long")) == nil)
        #expect(wait(after: .aborted("VERSION_CONFLICT", "conflict")) == nil)
        for number in 0...16 as ClosedRange<Int32> {
            let code = StatusCode(rawValue: number)
            if [.unavailable, .resourceExhausted, .aborted].contains(code) { continue }
            #expect(wait(after: delayed(code)) == nil, "\(code)")
        }
    }

    @Test(arguments: [
        ("GetNote", MethodDefinition.Kind.unary, nil, true), ("PutNote", .unary, nil, false),
        ("PutNote", .unary, "r-1", true), ("WatchNotes", .serverStreaming, nil, true),
        ("CopyNotes", .serverStreaming, nil, false), ("GetNotes", .clientStreaming, "r-1", false),
        ("GetNotes", .bidirectional, "r-1", false),
    ])
    func onlyWhatMayBeDoneTwiceIsRepeated(
        name: String, kind: MethodDefinition.Kind, requestID: String?, expected: Bool
    ) {
        let message = MessageDescriptor(steward_rpc_v1_detail_descriptor())
        let method = MethodDefinition(path: "a.B/\(name)", request: message, response: message, kind: kind)
        var options = CallOptions(requestID: requestID)
        #expect(RetryPolicy.mayRepeat(method, options) == expected)
        options.retries = false
        #expect(!RetryPolicy.mayRepeat(method, options))
    }
}

@Suite struct RetryBudgetTests {
    @Test func aNewClientHasAFewRetries() {
        var budget = RetryBudget()
        var retries = 0
        while budget.spend() { retries += 1 }
        #expect(retries == RetryBudget.retriesMax)
    }

    /// Every call fails and would be retried: no more than a tenth of them are.
    @Test func retriesAreATenthOfTheCalls() {
        var budget = RetryBudget()
        while budget.spend() {}
        var retries = 0
        for _ in 0..<10_000 {
            budget.callBegan()
            if budget.spend() { retries += 1 }
        }
        #expect(retries == 1_000)
    }

    @Test func noMoreIsSavedThanTheMost() {
        var budget = RetryBudget()
        for _ in 0..<10_000 { budget.callBegan() }
        var retries = 0
        while budget.spend() { retries += 1 }
        #expect(retries == RetryBudget.retriesMax)
    }
}

@Suite struct ReasonTests {
    @Test func aReasonIsAPatternForErrors() {
        let error: any Error = RPCError.aborted("VERSION_CONFLICT", "conflict")
        switch error {
        case Reason.emailTaken: Issue.record("matched another reason")
        case Reason.versionConflict: break
        default: Issue.record("did not match")
        }
        let isMatched = Reason.cancelled ~= CancellationError()
        #expect(!isMatched)
    }

    @Test func theCodeOfAStatusIsReadWithoutTheRest() {
        let read = { (bytes: [UInt8]) in bytes.withUnsafeBytes { CallStatus.code(of: $0) } }
        #expect(read([]) == .ok)
        #expect(read(CallStatus(error: .unavailable("DOWN", "down")).encoded()) == .unavailable)
        #expect(read(CallStatus(budget: Budget(cost: 1, remaining: 2, reset: .seconds(3))).encoded()) == .ok)
        #expect(read([0x08]) == .internal)
    }
}
