import RPC
import Testing

@Suite struct StatusTests {
    @Test func codesHaveTheNumbersOfGRPC() {
        let codes: [StatusCode] = [
            .ok, .cancelled, .unknown, .invalidArgument, .deadlineExceeded, .notFound, .alreadyExists,
            .permissionDenied,
            .resourceExhausted, .failedPrecondition, .aborted, .outOfRange, .unimplemented, .internal,
            .unavailable,
            .dataLoss, .unauthenticated,
        ]
        #expect(codes.map(\.rawValue) == Array(0...16))
        #expect(StatusCode.unauthenticated.name == "UNAUTHENTICATED")
        #expect(StatusCode(rawValue: 99).name == "CODE_99")
    }

    @Test func everyPartOfAnErrorTravels() throws {
        let sent = EnvelopeTests.fullError
        let got = try #require(
            try CallStatus(error: sent).encoded().withUnsafeBytes { try CallStatus(parsing: $0).error })
        #expect(got.code == sent.code && got.reason == sent.reason && got.domain == sent.domain)
        #expect(got.message == sent.message)
        #expect(got.details.map(\.key) == ["a"] && got.details.map(\.value) == ["b"])
        #expect(got.fieldViolations == sent.fieldViolations)
        #expect(got.retryDelay == sent.retryDelay)
        #expect(got.conflict == sent.conflict)
        #expect(got.budget == sent.budget)
    }

    @Test func okTravelsEmptyAndABudgetGoesAlong() throws {
        #expect(CallStatus().encoded().isEmpty)
        let budget = Budget(cost: 1, remaining: 2, reset: .seconds(3))
        let status = try CallStatus(budget: budget).encoded().withUnsafeBytes { try CallStatus(parsing: $0) }
        #expect(status.error == nil)
        #expect(status.budget == budget)
    }

    @Test func theCauseStaysInside() {
        struct Cause: Error { let secret = "hunter2" }
        let masked = RPCError(masking: Cause())
        #expect(masked.code == .internal)
        #expect(masked.reason == RPCError.maskedReason)
        #expect(masked.cause is Cause)
        #expect(masked.incidentID?.count == 16)
        #expect(!"\(masked)".contains("hunter2"))
        #expect(!String(decoding: CallStatus(error: masked).encoded(), as: UTF8.self).contains("hunter2"))
    }

    @Test func errorsMeantForTheCallerPassTheMask() {
        let meant = RPCError.notFound("ACCOUNT_NOT_FOUND", "No such account.")
        #expect(RPCError(masking: meant).reason == "ACCOUNT_NOT_FOUND")
        #expect(RPCError(masking: CancellationError()).code == .cancelled)
    }
}
