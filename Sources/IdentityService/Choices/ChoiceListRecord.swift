import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy

/// Choice lists: what there is to choose from in several fields. They are part of the workspace's policy, as its fields are ([D100](../../README.md)).
struct ChoiceListRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue

    var type: RecordType {
        RecordType(
            ChoiceList.self,
            fields: [
                .field("name", .required, .line(TenantField.nameLengthMax), .immutable),
                .field("display_name", .required, .line(100)),
                .field("description", .lines(1_000)),
                .field("labels", .count(0...FieldDefinitionRules.labelsMax), .items(FieldDefinitionRules.labelParts)),
                .field(
                    "entries", .count(0...TenantChoiceList.entriesMax),
                    .items([
                        .field("value", .required, .line(TenantField.choiceMax)),
                        .field("display_name", .line(100)),
                        .field(
                            "labels", .count(0...FieldDefinitionRules.labelsMax),
                            .items(FieldDefinitionRules.labelParts)),
                        .field("colour", .line(ColourForm.length)),
                        .field("merged_into", .line(TenantField.choiceMax)),
                    ])),
                .field("bound_fields", .line(100), .count(0...ChoiceListRules.boundMax)),
            ],
            constraints: [
                ConstraintRule("choice_lists_name_key", fields: ["name"], reason: "CHOICE_LIST_NAME_TAKEN")
            ],
            rules: RecordRules(
                validate: { ChoiceListRules.violations(of: $0.value(ChoiceList.self), catalogue) },
                guard: { change, transaction in
                    switch change.kind {
                    case .delete: try await Self.refuseUsed(change, transaction)
                    case .update: try await Self.requireDefaults(change, transaction)
                    case .create, .restore: break
                    }
                    guard Self.changesModel(change) else { return }
                    // Of two that come at once each would see room, and no other list with its fields.
                    if change.kind != .delete { try await transaction.takeTurn(of: transaction.actor.tenantID.id) }
                    try await publication.announce(change, in: transaction)
                },
                follow: { change, transaction in
                    guard change.kind != .delete, Self.changesModel(change) else { return }
                    try await Self.requireAlone(change, transaction)
                    try await ModelSize.require(transaction)
                },
                publish: { if Self.changesModel($0) { await publication.publish($0) } }))
    }

    /// What people call the list is for those who set it up.
    private static func changesModel(_ change: RecordChange) -> Bool {
        change.kind != .update || ["entries", "bound_fields"].contains { change.changes($0) }
    }

    // MARK: Uses

    private static let findUses = Statement(
        """
        SELECT object || '.custom.' || name, default_value ->> 'string_value',
            ARRAY(SELECT jsonb_array_elements_text(coalesce(default_value -> 'string_values', '[]')))
        FROM {schema}.field_definitions WHERE choice_list = $1 AND deleted_at IS NULL ORDER BY 1
        """)

    /// The fields of the workspace's own that name a list, with what they give to new records.
    private static func uses(
        of list: String, _ transaction: RecordTransaction
    ) async throws -> [(path: String, defaults: Set<String>)] {
        try await transaction.query(Query(findUses) { $0.append(list) }).map { row in
            (try row.string(0), Set(try row.strings(2) + (try row.optionalString(1).map { [$0] } ?? [])))
        }
    }

    private static func refuseUsed(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let list = change.after.value(ChoiceList.self)
        let name = list.name ?? ""
        let used = list.boundFields + (try await uses(of: name, transaction).map(\.path))
        if !used.isEmpty { throw IdentityError.choiceListInUse(name, used) }
    }

    /// What new records get has to be there to be chosen.
    private static func requireDefaults(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.changes("entries") else { return }
        let list = change.after.value(ChoiceList.self)
        let living = Set(list.entries.filter { $0.retired != true }.compactMap(\.value))
        for use in try await uses(of: list.name ?? "", transaction) {
            if let lost = use.defaults.subtracting(living).min() { throw IdentityError.choiceIsDefault(lost, use.path) }
        }
    }

    private static let findOthers = Statement(
        """
        SELECT (SELECT count(*) FROM {schema}.choice_lists WHERE deleted_at IS NULL), (
            SELECT l.name || ' ' || f.name FROM {schema}.choice_lists AS l, unnest(l.bound_fields) AS f (name)
            WHERE l.deleted_at IS NULL AND l.name <> $1 AND f.name = ANY ($2) ORDER BY 1 LIMIT 1)
        """)

    /// Asked when the record is there, by one transaction of a workspace at a time: there is room, and no other list has its fields.
    private static func requireAlone(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let list = change.after.value(ChoiceList.self)
        let row = try await transaction.query(
            Query(findOthers) {
                $0.append(list.name ?? "")
                $0.append(list.boundFields)
            }
        ).one()
        if try row.int64(0) > Int64(TenantChoiceList.countMax) { throw IdentityError.choiceListsTooMany }
        if let other = try row.optionalString(1) {
            let words = other.split(separator: " ").map(String.init)
            throw IdentityError.fieldBound(words.last ?? "", to: words.first ?? "")
        }
    }

    // MARK: Lists that fields name

    private static let findLiving = Statement(
        """
        SELECT to_jsonb(l) FROM {schema}.choice_lists AS l WHERE name = $1 AND deleted_at IS NULL FOR SHARE
        """)

    /// A list, kept as it is until the transaction ends; nil for one that the workspace does not have.
    static func living(_ name: String, in transaction: RecordTransaction) async throws -> TenantChoiceList? {
        let rows = try await transaction.query(Query(findLiving) { $0.append(name) })
        return try rows.first.map { TenantChoiceList(try ModelChoiceList(json: $0.json(0))) }
    }
}
