package import Tenancy

/// Why a user may or may not do something: the answer and every grant that was counted. Because nothing subtracts,
/// an empty list of contributions is the whole reason of a refusal.
package struct Explanation: Sendable, CustomStringConvertible {
    /// A grant that counted, and the role it came from.
    package struct Contribution: Hashable, Sendable {
        package let role: String
        package let roleID: RecordID
        package let grant: Grant
    }

    /// As in `account.read`.
    package let permission: String
    package let isAllowed: Bool
    /// The widest scope of all contributions.
    package let scope: Scope
    package let contributions: [Contribution]

    package var description: String {
        guard !contributions.isEmpty else { return "\(permission): refused; no role grants it" }
        let reasons = contributions.map {
            "\($0.role) grants \($0.grant.object).\($0.grant.action) on \($0.grant.scope)"
        }
        let outcome = isAllowed ? "allowed" : "refused; the record is outside the scope \(scope)"
        return "\(permission): \(outcome); \(reasons.joined(separator: ", "))"
    }
}
