import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Tags: marks that people put on records, for themselves or with others. Who sees which is part of the policy, by which the services that keep the
/// records decide.
struct TagRecord: Sendable {
    let publication: PolicyPublication
    let roles: RecordType

    var type: RecordType {
        RecordType(
            Tag.self,
            fields: [
                .field("display_name", .required, .line(50)),
                .field("colour", .line(ColourForm.length)),
                .field("description", .lines(1_000)),
                .field("shared_department_ids", .reference(.department), .count(0...ReaderSharing.countMax)),
                .field("shared_role_ids", .count(0...ReaderSharing.countMax)),
            ],
            constraints: [
                ConstraintRule(
                    "tags_display_name_key", fields: ["display_name", "owner_id"], reason: "TAG_NAME_TAKEN",
                    ignoringCase: true)
            ],
            sharing: ReaderSharing.rule,
            rules: RecordRules(
                validate: { Self.violations(of: $0.value(Tag.self)) },
                guard: { change, transaction in
                    try await ReaderSharing(change: change, transaction: transaction, roles: roles).check()
                    if Self.isOfPolicy(change), change.kind != .delete {
                        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
                    }
                    if Self.isOfPolicy(change) { try await publication.announce(change, in: transaction) }
                },
                follow: { change, transaction in
                    if Self.isOfPolicy(change), change.kind != .delete {
                        try await Self.requireRoom(for: change, transaction)
                    }
                },
                publish: { if Self.isOfPolicy($0) { await publication.publish($0) } }))
    }

    private static func violations(of tag: Tag) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        if tag.displayName?.contains(",") == true {
            violations.append(
                FieldViolation(
                    field: "display_name", reason: "INVALID_FORMAT",
                    description: "A comma parts the names of tags in tables; leave it out of a name."))
        }
        if let colour = tag.colour, !ColourForm.accepts(colour) {
            violations.append(
                FieldViolation(field: "colour", reason: "INVALID_FORMAT", description: ColourForm.expectation))
        }
        return violations
    }

    /// Names and colours are no part of it.
    private static func isOfPolicy(_ change: RecordChange) -> Bool {
        guard change.kind == .update else { return true }
        return [
            "owner_id", "department_id", ReaderSharing.rule.everybody, ReaderSharing.rule.departments,
            ReaderSharing.rule.roles,
        ]
        .contains(where: change.changes)
    }

    /// Departments and roles with which all tags together are shared: they are part of the policy, which is one message.
    static let audienceMax: Int64 = 20_000

    /// Tags of one owner that not everybody sees, so that nobody takes the workspace's room for what only he needs.
    static let ownedMax: Int64 = 1_000

    private static let sizes = Statement(
        """
        SELECT count(*), coalesce(sum(cardinality(shared_department_ids) + cardinality(shared_role_ids)), 0)::bigint,
            count(*) FILTER (WHERE owner_id = $1 AND shared_with_all IS NOT TRUE)
        FROM {schema}.tags WHERE deleted_at IS NULL
        """)

    /// Asked when the tag is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    private static func requireRoom(for change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard let owner = change.after.id("owner_id") else { return }
        let row = try await transaction.query(Query(sizes) { $0.append(owner) }).one()
        if try row.int64(2) > ownedMax { throw IdentityError.ownTagsTooMany(ownedMax) }
        if try row.int64(0) > Int64(PolicyTag.countMax) { throw IdentityError.tagsTooMany }
        if try row.int64(1) > audienceMax { throw IdentityError.tagAudiencesTooMany(audienceMax) }
    }
}
