import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Field definitions: the fields that the workspace has added to its records, the model of a workspace. They are part of its policy.
struct FieldDefinitionRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue

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
                .field("number", .outputOnly, .filled),
            ],
            constraints: [
                ConstraintRule("field_definitions_name_key", fields: ["name", "object"], reason: "FIELD_NAME_TAKEN"),
                ConstraintRule("field_definitions_number_key", fields: ["number"], reason: "FIELD_NUMBER_TAKEN"),
            ],
            rules: RecordRules(
                validate: { FieldDefinitionRules.violations(of: $0.value(FieldDefinition.self), catalogue) },
                guard: { change, transaction in
                    if change.kind == .create {
                        try await Self.requireObject(change, transaction)
                        try await Self.number(change, in: transaction)
                    }
                    if Self.changesModel(change) { try await publication.announce(change, in: transaction) }
                },
                follow: { change, transaction in
                    if change.kind != .delete, Self.changesModel(change) {
                        try await Self.requireRoom(change, transaction)
                    }
                },
                publish: { change in
                    if Self.changesModel(change) { await publication.publish(change) }
                }))
    }

    /// All that may be changed of a field is in the model: forms are made of it.
    private static func changesModel(_ change: RecordChange) -> Bool {
        change.kind != .update
            || ["display_name", "description", "required", "length_max", "value_min", "value_max", "choices"].contains {
                change.changes($0)
            }
    }

    private static let takeNumber = Statement("SELECT nextval('{schema}.field_definitions_number_seq')")

    private static func number(_ change: RecordChange, in transaction: RecordTransaction) async throws {
        let number = try await transaction.query(takeNumber).one().int64(0)
        change.after.set("number", number)
    }

    /// An object of the workspace's own has to be there.
    private static func requireObject(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let object = change.after.text("object"), TenantObject.isObject(object) else { return }
        let name = String(object.dropFirst(TenantObject.prefix.count))
        guard try await ObjectDefinitionRecord.isDefined(name, in: transaction) else {
            throw IdentityError.objectNotDefined(object)
        }
    }

    /// How many fields the object has, and the bytes that all fields of the workspace take in its policy, about.
    private static let sizes = Statement(
        """
        SELECT count(*) FILTER (WHERE object = $1), coalesce(sum(
            64 + octet_length(object) + octet_length(name) + octet_length(array_to_string(choices, '    '))
            + octet_length(display_name) + coalesce(octet_length(description), 0)), 0)::bigint
        FROM {schema}.field_definitions WHERE deleted_at IS NULL
        """)

    /// Bytes of a workspace's model: a policy is one message, with its users beside the model.
    static let modelBytesMax: Int64 = 512 << 10

    /// Asked when the record is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    private static func requireRoom(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let object = change.after.text("object") ?? ""
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let row = try await transaction.query(Query(sizes) { $0.append(object) }).one()
        if try row.int64(0) > Int64(TenantModel.fieldCountMax) { throw IdentityError.fieldsTooMany(object) }
        let bytes = try row.int64(1)
        if bytes > modelBytesMax { throw IdentityError.modelTooLarge(bytes, max: modelBytesMax) }
    }
}

/// What the parts of a definition must be together.
enum FieldDefinitionRules {
    static let choicesMax = 200

    static func violations(of field: FieldDefinition, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        func refuse(_ path: String, _ reason: String, _ text: String) {
            violations.append(FieldViolation(field: path, reason: reason, description: text))
        }
        let object = field.object ?? ""
        if !catalogue.extensible.contains(object), !TenantObject.isObject(object) {
            let known = catalogue.extensible.sorted().joined(separator: ", ")
            refuse(
                "object", "FIELD_OBJECT_UNKNOWN",
                "Fields can be added to: \(known), and as \(TenantObject.prefix)NAME to objects of the workspace's own."
            )
        }
        if !TenantField.isName(field.name ?? "") {
            refuse(
                "name", "INVALID_FORMAT",
                "name must be 1 to \(TenantField.nameLengthMax) small letters, digits and underscores, a letter first, as in contract_end."
            )
        }
        let kind = field.kind ?? .unspecified
        if let lengthMax = field.lengthMax {
            switch kind {
            case .text:
                if lengthMax > TenantField.lineMax {
                    refuse(
                        "length_max", "OUT_OF_RANGE",
                        "length_max of a text of one line is at most \(TenantField.lineMax).")
                }
            case .longText: break
            default: refuse("length_max", "NOT_APPLICABLE", "Only a text has a length_max; leave it out.")
            }
        }
        if field.valueMin != nil || field.valueMax != nil {
            switch kind {
            case .wholeNumber, .money:
                if let least = field.valueMin, let most = field.valueMax, least > most {
                    refuse("value_max", "OUT_OF_RANGE", "value_max is less than value_min.")
                }
            default:
                refuse(
                    field.valueMin == nil ? "value_max" : "value_min", "NOT_APPLICABLE",
                    "Only whole numbers and amounts have a least and a most; leave them out.")
            }
        }
        switch kind {
        case .choice, .choices:
            if field.choices.isEmpty { refuse("choices", "REQUIRED", "Say what there is to choose from.") }
            if Set(field.choices).count < field.choices.count {
                refuse("choices", "DUPLICATE", "A choice is there twice.")
            }
        default:
            if !field.choices.isEmpty {
                refuse("choices", "NOT_APPLICABLE", "Only a choice has choices; leave them out.")
            }
        }
        return violations
    }
}
