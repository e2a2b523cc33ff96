import RPC
import Reactor

/// What operators alone may ask the gateway itself: the session of the connection must be one of an operator, and must not
/// have ended.
enum OperatorSession {
    static func require(_ context: CallContext) async throws {
        guard let binding = (context.connection.attachment as? AttachedSession)?.binding else {
            throw RPCError.unauthenticated(
                "SESSION_REQUIRED",
                "Only operators may ask this: sign in with AuthenticationService/SignInOperator, then attach the session.",
                domain: "gateway")
        }
        try await binding.requireLife()
        guard binding.tenantID == nil else {
            throw RPCError.permissionDenied("OPERATOR_REQUIRED", "This method is for operators only.")
        }
    }
}

extension SessionBinding {
    /// Throws SESSION_INVALID when the session has ended.
    fileprivate func requireLife() async throws {
        guard let loop = EventLoop.current, try presentToken(on: loop) == nil else { return }
        _ = try await withCheckedThrowingContinuation { continuation in
            whenRenewed(on: loop) { continuation.resume(with: $0) }
        }
    }
}
