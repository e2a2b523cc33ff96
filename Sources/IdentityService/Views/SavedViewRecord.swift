import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Saved views: lists that somebody keeps, alone or with others.
struct SavedViewRecord: Sendable {
    let catalogue: RoleCatalogue
    let roles: RecordType

    static let (columnsMax, keysMax) = (100, 3)

    var type: RecordType {
        RecordType(
            SavedView.self,
            fields: [
                .field("object", .required, .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
                .field("display_name", .required, .line(100)),
                .field("description", .lines(1_000)),
                .field("filter_expression", .lines(4_096)),
                .field("columns", .line(200), .count(0...Self.columnsMax)),
                .field("order_by", .line(210), .count(0...Self.keysMax)),
                .field("shared_department_ids", .reference(.department), .count(0...ReaderSharing.countMax)),
                .field("shared_role_ids", .count(0...ReaderSharing.countMax)),
            ],
            constraints: [
                ConstraintRule(
                    "saved_views_display_name_key", fields: ["display_name", "object", "owner_id"],
                    reason: "VIEW_NAME_TAKEN", ignoringCase: true),
                ConstraintRule(
                    "saved_views_default_view_key", fields: ["default_view", "object", "owner_id"],
                    reason: "DEFAULT_VIEW_TAKEN", ignoringCase: true),
            ],
            sharing: ReaderSharing.rule,
            rules: RecordRules(
                fill: { change in
                    // It was somebody else's to begin with.
                    if change.kind == .update, change.changes("owner_id"), !change.changes("default_view") {
                        change.after.clear("default_view")
                    }
                },
                validate: { SavedViewRules(change: $0, catalogue: catalogue).violations },
                guard: { change, transaction in
                    try await ReaderSharing(change: change, transaction: transaction, roles: roles).check()
                    try await Self.keepOneDefault(change, transaction)
                }))
    }

    /// An owner begins with the view that was made the default last.
    private static func keepOneDefault(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind != .delete, change.after.flag("default_view") == true else { return }
        if change.kind == .restore { return change.after.clear("default_view") }
        guard change.changes("default_view") else { return }
        let others = Query(otherDefault) {
            $0.append(change.after.id("owner_id"))
            $0.append(change.after.text("object"))
            $0.append(change.recordID)
        }
        guard let other = try await transaction.query(others).first?.id(0) else { return }
        let view = try await transaction.load(change.type, id: other.text, for: .update)
        try await transaction.update(view, by: .program) { $0.clear("default_view") }
    }

    private static let otherDefault = Statement(
        """
        SELECT id FROM {schema}.saved_views
        WHERE default_view AND deleted_at IS NULL AND owner_id = $1 AND lower(object) = lower($2) AND id <> $3 FOR UPDATE
        """)
}
