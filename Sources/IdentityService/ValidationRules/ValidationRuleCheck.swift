import AccessControl
import Contracts
import Formulas
import IdentityContracts
import RPC
import Records
import Tenancy
import Wire

/// What a validation rule may say, and who may make it.
struct ValidationRuleCheck {
    let change: RecordChange
    let catalogue: RoleCatalogue

    private var policy: PolicySnapshot { change.call.policy }
    private var rule: ValidationRule { change.value(ValidationRule.self) }

    var violations: [FieldViolation] {
        let rule = rule
        let object = rule.object ?? ""
        let isOwn = TenantObject.isObject(object) && policy.model.object(object) != nil
        guard isOwn || catalogue.extensible.contains(object) else {
            return [
                FieldViolation(
                    field: "object", reason: "OBJECT_UNKNOWN",
                    description:
                        "Rules can be of: \(catalogue.extensible.sorted().joined(separator: ", ")), "
                        + "and of the workspace's own objects as \(TenantObject.prefix)NAME.")
            ]
        }
        var violations: [FieldViolation] = []
        if !rule.lockedFields.isEmpty, rule.effect != .lock {
            violations.append(
                FieldViolation(
                    field: "locked_fields", reason: "NOT_APPLICABLE",
                    description: "Only a lock locks fields; set effect to lock, or leave them out."))
        }
        var seen: Set<String> = []
        for (index, message) in rule.messages.enumerated() {
            guard let language = message.languageCode, !seen.insert(language.lowercased()).inserted else { continue }
            violations.append(
                FieldViolation(
                    field: "messages[\(index)].language_code", reason: "DUPLICATE",
                    description: "There are two messages in \(language); make them one."))
        }
        return violations
    }

    /// The condition is one, over fields that there are in this transaction, and what the rule names is there.
    func requireFields(in transaction: RecordTransaction) async throws {
        let rule = rule
        let types = try await FormulaRules.fields(of: rule.object ?? "", catalogue, transaction).types
        do {
            _ = try Formula(rule.condition ?? "", over: types, giving: .flag)
        } catch {
            throw IdentityError.conditionInvalid(error)
        }
        let declared = catalogue.message(of: rule.object ?? "")
        func isField(_ name: String) -> Bool {
            types[name] != nil || (declared?.field(name) != nil && !Self.ofEngine.contains(name))
        }
        if let name = rule.field, !isField(name) { throw IdentityError.ruleFieldUnknown(name, field: "field") }
        for (index, name) in rule.lockedFields.enumerated() where !isField(name) {
            throw IdentityError.ruleFieldUnknown(name, field: "locked_fields[\(index)]")
        }
    }

    /// What no user writes, and what a lock leaves open.
    private static let ofEngine: Set<String> = [
        "version", "create_time", "update_time", "delete_time", "custom_fields", "shares", "sharing_selection_ids",
    ]

    /// Roles are looked for where they are kept: one that was made a moment ago is in no policy yet.
    func requireRoles(_ roles: RecordType, in transaction: RecordTransaction) async throws {
        let known = Set(change.before?.value(ValidationRule.self).roleIDs ?? [])
        let added = rule.roleIDs.filter { !known.contains($0) }
        guard !added.isEmpty else { return }
        let ids = added.compactMap { RecordID($0) }
        let living = try await transaction.living(roles, ids)
        guard ids.count == added.count, ids.allSatisfy(living.contains) else {
            throw RPCError.invalidArgument(
                "REFERENCE_NOT_FOUND", "There is no such role.", field: "role_ids", domain: IdentityError.domain)
        }
    }

    /// Nobody forbids by a rule what he could not do, and nobody finds out by one what a field holds that he may not read.
    func requireRights(in transaction: RecordTransaction) async throws {
        let rule = rule
        let (object, fields) = (rule.object ?? "", Set(Formula.words(of: rule.condition ?? "")))
        let model = try await RuleRights.model(of: object, naming: fields, change, transaction)
        try RuleRights(policy: policy, actor: change.actor, model: model).require(
            ofRuleOver: object, naming: fields, shares: false)
    }
}
