import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost

/// What the grants and field policies of a role must be, whoever writes them. Their number is limited by the
/// declaration of the record type.
enum RoleRules {
    static func violations(of role: Role, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        for (index, grant) in role.grants.enumerated() {
            guard let problem = catalogue.permissions.problem(with: AccessControl.Grant(grant)) else {
                continue
            }
            violations.append(
                FieldViolation(field: "grants[\(index)]", reason: "GRANT_INVALID", description: problem))
        }
        for (index, policy) in role.fieldPolicies.enumerated() {
            guard let problem = problem(with: policy, catalogue) else { continue }
            violations.append(
                FieldViolation(
                    field: "field_policies[\(index)]", reason: "FIELD_POLICY_INVALID", description: problem))
        }
        return violations
    }

    private static func problem(with policy: Contracts.FieldPolicy, _ catalogue: RoleCatalogue) -> String? {
        switch policy.access {
        case FieldAccess.none, .masked, .read, .write:
            catalogue.permissions.problem(with: AccessControl.FieldPolicy(policy))
        default:
            "A field policy needs an access: none, masked, read or write."
        }
    }
}
