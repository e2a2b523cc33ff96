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
}
