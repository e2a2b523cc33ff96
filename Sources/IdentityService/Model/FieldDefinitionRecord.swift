import AccessControl
import Contracts
import Formulas
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Text

/// Field definitions: the fields that the workspace has added to its records, the model of a workspace. They are part of its policy.
struct FieldDefinitionRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue
    let uniqueFields: UniqueFieldClient
    let indexing: FieldIndexing

    var type: RecordType {
        RecordType(
            FieldDefinition.self,
            fields: [
                .field("object", .required, .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
                .field("name", .required, .line(TenantField.nameLengthMax), .immutable),
                .field("kind", .required, .immutable),
                .field("display_name", .required, .line(100)),
                .field("description", .lines(1_000)),
                .field("length_max", .range(1...Int64(TenantField.linesMax))),
                .field("choices", .line(TenantField.choiceMax), .count(0...FieldDefinitionRules.choicesMax)),
                // Read by its name, which stays, not by an id.
                .field("choice_list", .line(TenantField.nameLengthMax)),
                .field("number", .outputOnly, .filled),
                .field("default_value", .items(FieldDefinitionRules.valueParts)),
                .field("unique", .column("is_unique")),
                .field("indexed", .column("is_indexed")),
                .field("pattern", .line(TextPattern.lengthMax)),
                .field("pattern_message", .line(200)),
                // Read by what the workspace calls its kinds of records, not an id.
                .field("reference_object", .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
                .field("formula", .line(Formula.lengthMax)),
                .field("roll_up", .items(RollUpRules.parts)),
                .field("decimals", .range(0...Int64(TenantField.decimalsMax))),
                .field("kind_change", .outputOnly, .items(FieldKindRules.parts)),
                .field("labels", .count(0...FieldDefinitionRules.labelsMax), .items(FieldDefinitionRules.labelParts)),
            ],
            constraints: [
                ConstraintRule("field_definitions_name_key", fields: ["name", "object"], reason: "FIELD_NAME_TAKEN"),
                ConstraintRule("field_definitions_number_key", fields: ["number"], reason: "FIELD_NUMBER_TAKEN"),
            ],
            rules: RecordRules(
                prepare: uniqueFields.prepare,
                validate: { FieldDefinitionRules.violations(of: $0.value(FieldDefinition.self), catalogue) },
                guard: { change, transaction in
                    try FormulaRules.requireSameKind(change)
                    try FieldKindRules.requireSettled(change)
                    if change.kind == .create {
                        try await Self.requireObjects(change, transaction)
                        try await Self.number(change, in: transaction)
                    }
                    if change.kind == .create || change.kind == .update && change.changes("roll_up") {
                        try await Self.requireObject(
                            change.value(FieldDefinition.self).rollUp?.object, at: "roll_up.object", transaction)
                    }
                    try await Self.requireChoiceList(change, transaction)
                    try UniqueFieldClient.requireProof(change, transaction)
                    // What was written without it may have the same values.
                    if change.kind == .restore { change.after.clear("unique") }
                    try await publication.announce(change, in: transaction)
                },
                follow: { change, transaction in
                    if change.kind != .delete { try await Self.requireRoom(change, transaction) }
                    try await FormulaRules.check(change, catalogue, transaction)
                    if change.kind == .delete {
                        // Within the turn: no rule over it is being made.
                        let field = change.value(FieldDefinition.self)
                        try await SharingRuleRecord.requireUnused(field, in: transaction)
                        try await ValidationRuleRecord.requireUnused(field, in: transaction)
                    }
                    try await RollUpRules.check(change, catalogue, transaction)
                    try await RuleRights.check(change, transaction)
                    try await ObjectDefinitionRecord.requireNameless(change, in: transaction)
                    try await indexing.follow(change, in: transaction)
                },
                // All that may be changed of a field is in the model: forms are made of it.
                publish: { await publication.publish($0) }))
    }

    private static let takeNumber = Statement("SELECT nextval('{schema}.field_definitions_number_seq')")

    private static func number(_ change: RecordChange, in transaction: RecordTransaction) async throws {
        let number = try await transaction.query(takeNumber).one().int64(0)
        change.after.set("number", number)
    }

    /// Objects of the workspace's own have to be there: the one that has the field, and the one that it names.
    private static func requireObjects(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        for field in ["object", "reference_object"] {
            try await requireObject(change.after.text(field), at: field, transaction)
        }
    }

    private static func requireObject(
        _ object: String?, at field: String, _ transaction: RecordTransaction
    ) async throws {
        guard let object, TenantObject.isObject(object) else { return }
        let name = String(object.dropFirst(TenantObject.prefix.count))
        guard try await ObjectDefinitionRecord.isDefined(name, in: transaction) else {
            throw IdentityError.objectNotDefined(object, field: field)
        }
    }

    /// The list that it names has to be there, and to have what new records get.
    private static func requireChoiceList(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind != .delete, let name = change.after.text("choice_list") else { return }
        let isNew = change.kind != .update || change.changes("choice_list") || change.changes("default_value")
        guard isNew else { return }
        guard let list = try await ChoiceListRecord.living(name, in: transaction) else {
            throw IdentityError.choiceListUnknown(name)
        }
        let violations = FieldDefinitionRules.defaultViolations(of: change.after.value(FieldDefinition.self), list)
        if !violations.isEmpty { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
    }

    /// How many fields the object has, and how many of these have an index.
    private static let counts = Statement(
        """
        SELECT count(*), count(*) FILTER (WHERE is_indexed) FROM {schema}.field_definitions
        WHERE object = $1 AND deleted_at IS NULL
        """)

    /// Asked when the record is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    private static func requireRoom(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let object = change.after.text("object") ?? ""
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let row = try await transaction.query(Query(counts) { $0.append(object) }).one()
        if try row.int64(0) > Int64(TenantModel.fieldCountMax) { throw IdentityError.fieldsTooMany(object) }
        if try row.int64(1) > FieldDefinitionRules.indexesMax { throw IdentityError.indexesTooMany(object) }
        try await PatternRoom.require(change, of: object, transaction) {
            ($0.isSet("pattern") ? 1 : 0) + Formula.patternCount(of: $0.text("formula") ?? "")
        }
        try await ModelSize.require(transaction)
    }
}
