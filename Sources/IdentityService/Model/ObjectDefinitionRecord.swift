import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy

/// Object definitions: the kinds of records that the workspace has defined. They are part of its policy, as its fields are.
struct ObjectDefinitionRecord: Sendable {
    let publication: PolicyPublication

    var type: RecordType {
        RecordType(
            ObjectDefinition.self,
            fields: [
                .field("name", .required, .line(TenantField.nameLengthMax), .immutable),
                .field("display_name", .required, .line(100)),
                .field("plural_display_name", .required, .line(100)),
                .field("description", .lines(1_000)),
                .field("shared", .immutable),
                .field("number_format", .line(NumberFormat.lengthMax)),
                .field("number", .outputOnly, .filled),
                .field("display_field", .line(TenantField.nameLengthMax), .immutable),
            ],
            constraints: [
                // Of the deleted ones too: what another object kept must not be seen in it.
                ConstraintRule("object_definitions_name_key", fields: ["name"], reason: "OBJECT_NAME_TAKEN"),
                ConstraintRule("object_definitions_number_key", fields: ["number"], reason: "OBJECT_NUMBER_TAKEN"),
            ],
            rules: RecordRules(
                validate: { Self.violations(of: $0.value(ObjectDefinition.self)) },
                guard: { change, transaction in
                    if change.kind == .create {
                        let number = try await transaction.query(Self.takeNumber).one().int64(0)
                        change.after.set("number", number)
                    }
                    try Self.requireRightsOnWhatIsOpened(change)
                    if Self.changesModel(change) { try await publication.announce(change, in: transaction) }
                },
                follow: { change, transaction in
                    if change.kind == .create || change.kind == .restore { try await Self.requireRoom(transaction) }
                },
                publish: { change in
                    if Self.changesModel(change) { await publication.publish(change) }
                }))
    }

    /// All that may be changed of an object is in the model: forms and lists are made of it.
    private static func changesModel(_ change: RecordChange) -> Bool {
        change.kind != .update
            || [
                "number_format", "display_name", "plural_display_name", "description", "default_sharing",
            ].contains { change.changes($0) }
    }

    private static func violations(of object: ObjectDefinition) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        if !TenantField.isName(object.name ?? "") {
            violations.append(
                FieldViolation(
                    field: "name", reason: "INVALID_FORMAT",
                    description:
                        "name must be 1 to \(TenantField.nameLengthMax) small letters, digits and underscores, "
                        + "a letter first, as in purchase_request."))
        }
        if let name = object.displayField, !TenantField.isName(name) {
            violations.append(
                FieldViolation(
                    field: "display_field", reason: "INVALID_FORMAT",
                    description:
                        "display_field is the name of a field of the object, without custom. before it, as in code."))
        }
        if let format = object.numberFormat, NumberFormat(format) == nil {
            violations.append(
                FieldViolation(
                    field: "number_format", reason: "INVALID_FORMAT",
                    description:
                        "number_format must have {number}, or {number:N} for 1 to \(NumberFormat.digitsMax) digits, "
                        + "once, {year} once at most, and no other braces, as in CASE-{year}-{number:5}."))
        }
        if object.shared == true, let sharing = object.defaultSharing, ![.unspecified, .private].contains(sharing) {
            violations.append(
                FieldViolation(
                    field: "default_sharing", reason: "OBJECT_UNOWNED",
                    description: "Records without owners are for all whose roles name them; leave default_sharing out.")
            )
        }
        return violations
    }

    /// Nobody opens to others, and to himself, what he may not do with all records.
    private static func requireRightsOnWhatIsOpened(_ change: RecordChange) throws {
        let object = change.value(ObjectDefinition.self)
        let before = change.before?.value(ObjectDefinition.self).defaultSharing
        guard change.kind == .update, let opened = object.defaultSharing, opened != before,
            ![.unspecified, .private].contains(opened), before != .write
        else { return }
        let name = TenantObject.prefix + (object.name ?? "")
        let access = change.call.policy.access(of: change.actor)?.object(name)
        for action in opened == .write ? [Action.read, .update] : [.read] where access?.scope(action) != .all {
            throw IdentityError.rightsExceeded("\(name).\(action.name)", .change)
        }
    }

    /// Marks a transaction that takes a model back: fields go before their objects.
    static let deedOfUndo = "undo model"

    private static let findField = Statement(
        """
        SELECT kind, formula IS NOT NULL OR roll_up IS NOT NULL FROM {schema}.field_definitions
        WHERE object = $1 AND name = $2 AND deleted_at IS NULL
        """)

    /// The field that gives records their names is there, has a line of text, and is written by people.
    static func requireDisplayField(
        _ object: ObjectDefinition, in transaction: RecordTransaction, field path: String
    ) async throws {
        guard let name = object.displayField, let own = object.name else { return }
        let find = Query(findField) {
            $0.append(TenantObject.prefix + own)
            $0.append(name)
        }
        guard let row = try await transaction.query(find).first else {
            throw IdentityError.displayFieldUnknown(name, field: path)
        }
        guard TenantField.Kind(FieldKind(rawValue: try row.int32(0)))?.hasLine == true, try !row.bool(1) else {
            throw IdentityError.displayFieldUnfit(name, field: path)
        }
    }

    private static let findNamed = Statement(
        "SELECT FROM {schema}.object_definitions WHERE $1 = $2 || name AND display_field = $3 AND deleted_at IS NULL")

    /// A field that gives records their names is not deleted as long as there is their object: whoever may not read it would read them.
    static func requireNameless(_ field: RecordChange, in transaction: RecordTransaction) async throws {
        guard field.kind == .delete, !transaction.isDone(deedOfUndo), let name = field.after.text("name"),
            let object = field.after.text("object")
        else { return }
        let find = Query(findNamed) {
            $0.append(object)
            $0.append(TenantObject.prefix)
            $0.append(name)
        }
        guard try await transaction.query(find).isEmpty else {
            throw IdentityError.fieldNamesRecords("\(object).\(TenantField.prefix)\(name)")
        }
    }

    private static let takeNumber = Statement("SELECT nextval('{schema}.object_definitions_number_seq')")

    private static let count = Statement(
        "SELECT count(*) FROM {schema}.object_definitions WHERE deleted_at IS NULL")

    /// Asked when the record is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    private static func requireRoom(_ transaction: RecordTransaction) async throws {
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let count = try await transaction.query(count, Parameters()).one().int64(0)
        if count > Int64(TenantModel.objectCountMax) { throw IdentityError.objectsTooMany }
    }

    private static let find = Statement(
        "SELECT name FROM {schema}.object_definitions WHERE name = $1 AND deleted_at IS NULL")

    /// Whether the workspace has an object of a name now.
    static func isDefined(_ name: String, in transaction: RecordTransaction) async throws -> Bool {
        try await !transaction.query(Query(find) { $0.append(name) }).isEmpty
    }
}
