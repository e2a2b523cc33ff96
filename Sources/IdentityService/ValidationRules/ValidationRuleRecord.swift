import AccessControl
import Contracts
import Formulas
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Validation rules: what the workspace demands of its records. They are part of its model, and the services that keep the records ask them.
struct ValidationRuleRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue
    let roles: RecordType

    /// Roles that a rule excepts, and fields that it locks, of each.
    private static let listMax = 100
    /// Languages of its text.
    private static let messagesMax = 20
    /// Characters of its text.
    private static let messageLengthMax = 255
    /// Parts of the conditions of all rules of an object: each change of a record may ask all of them.
    static let sizeMax = 1_000

    var type: RecordType {
        let fieldLengthMax = TenantField.prefix.count + TenantField.nameLengthMax
        return RecordType(
            ValidationRule.self,
            fields: [
                .field(
                    "display_name", .required, .line(100),
                    .unique("validation_rules_display_name_key", ignoringCase: true)),
                .field("description", .lines(1_000)),
                .field("object", .required, .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
                .field("condition", .required, .lines(Formula.lengthMax)),
                .field("field", .line(fieldLengthMax)),
                .field("message", .required, .line(Self.messageLengthMax)),
                .field(
                    "messages", .count(0...Self.messagesMax),
                    .items([
                        .field("language_code", .required, .format(.language)),
                        .field("text", .required, .line(Self.messageLengthMax)),
                    ])),
                .field("role_ids", .count(0...Self.listMax)),
                .field("locked_fields", .line(fieldLengthMax), .count(0...Self.listMax)),
            ],
            rules: RecordRules(
                validate: { ValidationRuleCheck(change: $0, catalogue: catalogue).violations },
                guard: { change, transaction in
                    if change.kind != .delete {
                        // No field goes that the condition was found right by, and of two that come at once each would see room.
                        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
                        let check = ValidationRuleCheck(change: change, catalogue: catalogue)
                        try await check.requireFields(in: transaction)
                        try await check.requireRights(in: transaction)
                        try await check.requireRoles(roles, in: transaction)
                    }
                    if Self.isOfModel(change) { try await publication.announce(change, in: transaction) }
                },
                follow: { change, transaction in
                    if change.kind != .delete { try await requireRoom(change, transaction) }
                },
                publish: { if Self.isOfModel($0) { await publication.publish($0) } }))
    }

    /// What it is for is no part of it.
    private static func isOfModel(_ change: RecordChange) -> Bool {
        change.kind != .update
            || [
                "display_name", "effect", "condition", "field", "message", "messages", "disabled", "role_ids",
                "locked_fields",
            ].contains(where: change.changes)
    }

    private static let living = Statement(
        """
        SELECT display_name, condition, field, locked_fields FROM {schema}.validation_rules
        WHERE deleted_at IS NULL AND object = $1 ORDER BY display_name
        """)

    /// Asked when the rule is there. Those that are switched off count: they are to be switched on.
    private func requireRoom(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let object = change.after.text("object") ?? ""
        let rows = try await transaction.query(Query(Self.living) { $0.append(object) })
        if rows.count > TenantRule.countMax { throw IdentityError.validationRulesTooMany(object) }
        let types = try await FormulaRules.fields(of: object, catalogue, transaction).types
        var size = 0
        for row in rows {
            let formula = try? Formula(row.string(1), over: types, giving: .flag, checksPatterns: false)
            size += formula?.size ?? 0
        }
        if size > Self.sizeMax { throw IdentityError.validationRulesTooLarge(size, max: Self.sizeMax) }
        try await PatternRoom.require(change, of: object, transaction) {
            Formula.patternCount(of: $0.text("condition") ?? "")
        }
        try await ModelSize.require(transaction)
    }

    /// Refuses that a field goes that a rule names: it would hold for no record from then on, and nobody would have said so.
    static func requireUnused(_ field: FieldDefinition, in transaction: RecordTransaction) async throws {
        guard let object = field.object, let name = field.name else { return }
        let path = "\(TenantField.prefix)\(name)"
        for row in try await transaction.query(Query(living) { $0.append(object) }) {
            let named = Formula.words(of: try row.string(1)) + [try row.optionalString(2) ?? ""] + (try row.strings(3))
            guard named.contains(path) else { continue }
            throw IdentityError.fieldInValidationRule(path, try row.string(0))
        }
    }
}
