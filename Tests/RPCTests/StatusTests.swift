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

    /// However much a status quotes, it fits into a frame, and says that something is missing.
    @Test func whatIsTooLongIsCut() throws {
        let text = String(repeating: "ü", count: 1_000_000)
        let bytes = [UInt8](repeating: 1, count: 1_000_000)
        let sent = RPCError(
            .invalidArgument, reason: text, domain: text, text,
            details: (0..<1_000).map { (key: "\($0)" + text, value: text) },
            fieldViolations: (0..<100_000).map {
                FieldViolation(field: "f\($0)", reason: "TOO_LONG", description: text)
            },
            conflict: Conflict(
                type: "x.Y", base: bytes, mine: bytes, theirs: bytes, fields: (0..<1_000).map { "\($0)" + text }))
        let encoded = CallStatus(error: sent).encoded()
        #expect(encoded.count < 530 << 10)
        let got = try #require(try encoded.withUnsafeBytes { try CallStatus(parsing: $0).error })
        #expect(got.message.hasPrefix("üü") && got.message.hasSuffix("ü…") && got.message.utf8.count <= 1_024)
        #expect(got.details.count == 64)
        #expect(got.fieldViolations.count == 101)
        #expect(got.fieldViolations.last?.description == "99900 more fields are wrong.")
        #expect(got.fieldViolations.last?.reason == "MORE_VIOLATIONS" && got.fieldViolations.last?.field == "f100")
        #expect(got.conflict?.type == "x.Y" && got.conflict?.base == [] && got.conflict?.fields.count == 100)

        let small = CallStatus(error: sent).encoded(bytesMax: 12_288)
        #expect(small.count <= CallStatus.bytesAlwaysFitting)
        let summary = try #require(try small.withUnsafeBytes { try CallStatus(parsing: $0).error })
        #expect(summary.code == .invalidArgument && summary.reason == got.reason && summary.message == got.message)
        #expect(summary.details.map(\.key) == ["left_out"])
        let cut = try encoded.withUnsafeBytes {
            try CallStatus.cut($0, to: 12_288).withUnsafeBytes { try CallStatus(parsing: $0) }
        }
        #expect(cut.error?.reason == got.reason && cut.error?.fieldViolations.isEmpty == true)
    }

    /// Who found more wrong than a status lists has counted it; each hop tells that, the gateway's that cuts included.
    @Test func whatIsSaidOfViolationsLeftOutArrives() throws {
        let listed = (0..<FieldViolation.listedMax).map {
            FieldViolation(field: "f\($0)", reason: "REQUIRED", description: "d")
        }
        let sent = RPCError.invalidArgument(listed + [.more(20, at: "f100")])
        let encoded = CallStatus(error: sent).encoded()
        let got = try encoded.withUnsafeBytes { try CallStatus(parsing: $0) }
        #expect(got.error?.fieldViolations == sent.fieldViolations)
        let again = try encoded.withUnsafeBytes { CallStatus.cut($0, to: encoded.count) }
            .withUnsafeBytes { try CallStatus(parsing: $0) }
        #expect(again.error?.fieldViolations == sent.fieldViolations)
        #expect(FieldViolation.more(20, at: "f100").description == "20 more fields are wrong.")
        let wrong = [FieldViolation(field: "a", reason: "X", description: "bad."), .more(20, at: "b")]
        #expect(
            RPCError.invalidArgument(Array(wrong + wrong.prefix(1))).message
                == "More than 2 fields are wrong; the first: a: bad.")
        #expect(
            RPCError.invalidArgument(Array(wrong.prefix(1) + wrong.prefix(1))).message.hasPrefix("2 fields are wrong;"))
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
