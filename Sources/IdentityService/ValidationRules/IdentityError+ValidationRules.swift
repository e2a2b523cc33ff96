import AccessControl
import Formulas
import RPC

// The errors of validation rules.
extension IdentityError {
    static func validationRulesTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "VALIDATION_RULES_TOO_MANY",
            "There are \(TenantRule.countMax) validation rules of \(object), and may be no more; delete one that is not needed, or join two by or.",
            domain: domain, details: [("max", String(TenantRule.countMax))])
    }

    static func validationRulesTooLarge(_ size: Int, max: Int) -> RPCError {
        .resourceExhausted(
            "VALIDATION_RULES_TOO_LARGE",
            "The conditions of all validation rules of the object would have \(size) values, fields, operators and functions, and may have \(max). "
                + "Shorten or delete some, or give a part to a field with a formula.",
            domain: domain, details: [("max", String(max))])
    }

    static func conditionInvalid(_ error: FormulaError) -> RPCError {
        .invalidArgument(
            "FORMULA_INVALID", "At character \(error.position) of the condition: \(error.text).", field: "condition",
            domain: domain)
    }

    static func ruleFieldUnknown(_ name: String, field: String) -> RPCError {
        .invalidArgument(
            "RULE_FIELD_UNKNOWN",
            "The object has no field \(name) that a rule can name; fields that the workspace has added begin with \(TenantField.prefix)",
            field: field, domain: domain)
    }

    static func fieldInValidationRule(_ path: String, _ rule: String) -> RPCError {
        .failedPrecondition(
            "FIELD_IN_VALIDATION_RULE",
            "The validation rule \(rule) names \(path); change it, or delete it, first.", domain: domain,
            details: [("rule", rule)])
    }
}
