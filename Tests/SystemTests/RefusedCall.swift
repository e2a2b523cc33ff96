import RPC
import StewardClient
import TestSteward
import Testing

/// A call that is wrong, and how it is refused.
struct RefusedCall {
    let what: String
    let code: StatusCode
    let reason: String
    /// Path of the field that is named; nil when no field is.
    let field: String?
    let call: @Sendable (StewardConnection) async throws -> Void

    init(
        _ what: String, _ code: StatusCode, _ reason: String, field: String? = nil,
        _ call: @escaping @Sendable (StewardConnection) async throws -> Void
    ) {
        (self.what, self.code, self.reason, self.field, self.call) = (what, code, reason, field, call)
    }
}

/// Makes the calls, and expects of each the code, reason and field that it names, and a message.
func expect(_ calls: [RefusedCall], by connection: StewardConnection) async throws {
    for item in calls {
        let error = try await refusal { try await item.call(connection) }
        #expect(error.code == item.code, "\(item.what): \(error)")
        let reasons = [error.reason] + error.fieldViolations.map(\.reason)
        #expect(reasons.contains(item.reason), "\(item.what): \(error) \(error.fieldViolations)")
        if let field = item.field {
            let named = error.fieldViolations.map(\.field) + error.details.map(\.value)
            #expect(named.contains(field), "\(item.what): \(named)")
        }
        #expect(!error.message.isEmpty && !error.domain.isEmpty, "\(item.what)")
        for violation in error.fieldViolations { #expect(!violation.description.isEmpty, "\(item.what)") }
    }
}
