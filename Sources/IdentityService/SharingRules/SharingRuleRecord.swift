import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Sharing rules: which records are shared with whom without anybody sharing them one by one. They are part of the policy; the services that keep the
/// records find out which ones a rule selects.
struct SharingRuleRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue
    let roles: RecordType

    /// Users, departments and roles that a rule shares with, of each.
    static let subjectsMax = 100
    /// Characters of a filter: it is part of the policy.
    static let filterLengthMax = 1_000

    /// Every record has an id.
    private static let everything = "id is set"

    var type: RecordType {
        RecordType(
            SharingRule.self,
            fields: [
                .field(
                    "display_name", .required, .line(100),
                    .unique("sharing_rules_display_name_key", ignoringCase: true)),
                .field("description", .lines(1_000)),
                .field("object", .required, .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
                .field("filter_expression", .required, .lines(Self.filterLengthMax)),
                .field("user_ids", .reference(.user), .count(0...Self.subjectsMax)),
                .field("department_ids", .reference(.department), .count(0...Self.subjectsMax)),
                .field("role_ids", .count(0...Self.subjectsMax)),
                .field("selection_id", .outputOnly, .filled),
                .field(
                    "parent_object", .line(TenantObject.prefix.count + TenantField.nameLengthMax), .immutable),
            ],
            rules: RecordRules(
                fill: { change in
                    if change.after.isSet("parent_object"), !change.after.isSet("filter_expression") {
                        change.after.set("filter_expression", Self.everything)
                    }
                    if change.kind == .create || change.changes("filter_expression") { Self.selectAnew(change) }
                },
                validate: { SharingRuleCheck(change: $0, catalogue: catalogue).violations },
                guard: { change, transaction in
                    // What was written without it does not bear what it bore before.
                    if change.kind == .restore { Self.selectAnew(change) }
                    if change.kind != .delete {
                        // No field goes that it was found right by, and of two that come at once each would see room.
                        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
                        let check = SharingRuleCheck(change: change, catalogue: catalogue)
                        try await check.requireFilter(in: transaction)
                        try await check.requireRoles(roles, in: transaction)
                    }
                    if Self.isOfPolicy(change) { try await publication.announce(change, in: transaction) }
                },
                follow: { change, transaction in
                    if change.kind != .delete { try await Self.requireRoom(change, transaction) }
                },
                publish: { if Self.isOfPolicy($0) { await publication.publish($0) } }))
    }

    private static func selectAnew(_ change: RecordChange) {
        change.after.set("selection_id", RecordID.make().text)
    }

    /// Names and descriptions are no part of it.
    private static func isOfPolicy(_ change: RecordChange) -> Bool {
        guard change.kind == .update else { return true }
        return [
            "filter_expression", "access", "until_time", "disabled", "user_ids", "department_ids", "role_ids",
        ].contains(where: change.changes)
    }

    /// Rules of the object, and the bytes that all rules of the workspace take in its policy, about.
    private static let sizes = Statement(
        """
        SELECT count(*) FILTER (WHERE object = $1), coalesce(sum(
            128 + octet_length(object) + octet_length(filter_expression) + coalesce(octet_length(parent_object), 0)
            + 20 * (cardinality(user_ids) + cardinality(department_ids) + cardinality(role_ids))), 0)::bigint
        FROM {schema}.sharing_rules WHERE deleted_at IS NULL
        """)

    /// Bytes of a workspace's rules: a policy is one message, with its users and its model beside them.
    static let bytesMax: Int64 = 256 << 10

    /// Asked when the rule is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    private static func requireRoom(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let object = change.after.text("object") ?? ""
        let row = try await transaction.query(Query(sizes) { $0.append(object) }).one()
        if try row.int64(0) > Int64(PolicySharingRule.countMax) { throw IdentityError.sharingRulesTooMany(object) }
        let bytes = try row.int64(1)
        if bytes > bytesMax { throw IdentityError.sharingRulesTooLarge(bytes, max: bytesMax) }
    }

    private static let naming = Statement(
        """
        SELECT display_name, filter_expression FROM {schema}.sharing_rules WHERE deleted_at IS NULL AND object = $1
        ORDER BY display_name
        """)

    /// Refuses that a field goes that a rule selects by. A rule that lost a condition would share more, or nothing, and nobody would have said so.
    static func requireUnused(_ field: FieldDefinition, in transaction: RecordTransaction) async throws {
        guard let object = field.object, let name = field.name else { return }
        let path = "\(TenantField.prefix)\(name)"
        for row in try await transaction.query(Query(naming) { $0.append(object) }) {
            let filter = try row.string(1)
            guard SharingRuleCheck.paths(of: filter).contains(where: { $0 == path || $0.hasPrefix("\(path).") }) else {
                continue
            }
            throw IdentityError.fieldInRule(path, try row.string(0))
        }
    }
}
