import Contracts
import IdentityContracts
import Postgres
import Reactor
import Records
import Tenancy

/// The SQL that reads a tenant's policy from its tables.
enum PolicyTables {
    private static let selectRoles = Statement(
        """
        SELECT id, display_name FROM {schema}.roles
        WHERE deleted_at IS NULL AND ($1::uuid[] IS NULL OR id = ANY ($1)) ORDER BY id
        """)

    /// Living roles, all of them or those with these ids.
    static func roles(_ ids: [RecordID]? = nil) -> Query {
        Query(selectRoles) { $0.append(ids) }
    }

    private static let selectGrants = Statement(
        """
        SELECT r.id, g ->> 'object', g ->> 'action', (g ->> 'scope')::integer
        FROM {schema}.roles r CROSS JOIN LATERAL jsonb_array_elements(r.grants) AS g
        WHERE r.deleted_at IS NULL AND ($1::uuid[] IS NULL OR r.id = ANY ($1))
        """)

    static func grants(_ ids: [RecordID]? = nil) -> Query {
        Query(selectGrants) { $0.append(ids) }
    }

    private static let selectFieldPolicies = Statement(
        """
        SELECT r.id, p ->> 'object', p ->> 'field', (p ->> 'access')::integer
        FROM {schema}.roles r CROSS JOIN LATERAL jsonb_array_elements(r.field_policies) AS p
        WHERE r.deleted_at IS NULL AND ($1::uuid[] IS NULL OR r.id = ANY ($1))
        """)

    static func fieldPolicies(_ ids: [RecordID]? = nil) -> Query {
        Query(selectFieldPolicies) { $0.append(ids) }
    }

    /// Reads what `roles`, `grants` and `fieldPolicies` gave.
    static func roles(_ roles: Rows, _ grants: Rows, _ fieldPolicies: Rows) throws -> [PolicyRole] {
        var byID: [RecordID: PolicyRole] = [:]
        for row in roles {
            let id = try row.id(0)
            byID[id] = PolicyRole(id: id.bytes, displayName: try row.string(1))
        }
        for row in grants {
            let scope = GrantScope(rawValue: row.isNull(3) ? 0 : try row.int32(3))
            byID[try row.id(0)]?.grants.append(
                Grant(object: try row.optionalString(1), action: try row.optionalString(2), scope: scope))
        }
        for row in fieldPolicies {
            let access = FieldAccess(rawValue: row.isNull(3) ? 0 : try row.int32(3))
            byID[try row.id(0)]?.fieldPolicies.append(
                FieldPolicy(
                    object: try row.optionalString(1), field: try row.optionalString(2), access: access))
        }
        return try roles.compactMap { byID[try $0.id(0)] }
    }

    /// Its columns are called as the parts of a field in a model are, but for words of SQL.
    private static let selectFields = Statement(
        """
        SELECT to_jsonb(f) || jsonb_build_object('unique', f.is_unique, 'indexed', f.is_indexed) FROM {schema}.field_definitions AS f
        WHERE deleted_at IS NULL ORDER BY object, number
        """)

    /// The fields that the workspace has added and not deleted.
    static let fields = Query(selectFields)

    static func fields(_ rows: Rows) throws -> [ModelField] { try rows.map { try ModelField(json: $0.json(0)) } }

    private static let selectObjects = Statement(
        """
        SELECT name, number, shared, number_format, display_name, plural_display_name, description, display_field, default_sharing
        FROM {schema}.object_definitions WHERE deleted_at IS NULL ORDER BY number
        """)

    /// The objects that the workspace has defined and not deleted.
    static let objects = Query(selectObjects)

    static func objects(_ rows: Rows) throws -> [ModelObject] {
        try rows.map { row in
            let sharing = row.isNull(8) ? nil : DefaultSharing(rawValue: try row.int32(8))
            return ModelObject(
                name: try row.string(0), number: try row.int64(1), shared: row.isNull(2) ? nil : try row.bool(2),
                numberFormat: try row.optionalString(3), displayName: try row.string(4),
                pluralDisplayName: try row.string(5), description: try row.optionalString(6),
                displayField: try row.optionalString(7),
                openToReaders: sharing == .read ? true : nil, openToWriters: sharing == .write ? true : nil)
        }
    }

    private static let selectChoiceLists = Statement(
        "SELECT to_jsonb(l) FROM {schema}.choice_lists AS l WHERE deleted_at IS NULL ORDER BY name")

    /// The choice lists that the workspace has not deleted.
    static let choiceLists = Query(selectChoiceLists)

    static func choiceLists(_ rows: Rows) throws -> [ModelChoiceList] {
        try rows.map { try ModelChoiceList(json: $0.json(0)) }
    }

    private static let selectValidationRules = Statement(
        """
        SELECT to_jsonb(r) FROM {schema}.validation_rules AS r WHERE deleted_at IS NULL AND disabled IS NOT TRUE
        ORDER BY object, id
        """)

    /// The validation rules that were not deleted and are in force.
    static let validationRules = Query(selectValidationRules)

    static func validationRules(_ rows: Rows) throws -> [ModelRule] { try rows.map { try ModelRule(json: $0.json(0)) } }

    private static let selectTags = Statement(
        """
        SELECT id, owner_id, department_id, shared_with_all IS TRUE, shared_department_ids, shared_role_ids FROM {schema}.tags
        WHERE deleted_at IS NULL ORDER BY id
        """)

    /// The tags that were not deleted.
    static let tags = Query(selectTags)

    static func tags(_ rows: Rows) async throws -> [PolicyTag] {
        var pace = Pace()
        return try await pace.map(rows) { row in
            PolicyTag(
                id: try row.id(0).bytes, ownerID: try row.id(1).bytes, unitID: try row.optionalID(2)?.bytes,
                sharedWithAll: try row.bool(3) ? true : nil, sharedUnitIDs: try row.ids(4).map(\.bytes),
                sharedRoleIDs: try row.ids(5).map(\.bytes))
        }
    }

    private static let selectSharingRules = Statement(
        """
        SELECT id, selection_id, object, filter_expression, disabled IS NOT TRUE, access, until_at, user_ids, department_ids, role_ids,
            parent_object
        FROM {schema}.sharing_rules WHERE deleted_at IS NULL ORDER BY id
        """)

    /// The sharing rules that were not deleted.
    static let sharingRules = Query(selectSharingRules)

    static func sharingRules(_ rows: Rows) throws -> [PolicySharingRule] {
        try rows.map { row in
            PolicySharingRule(
                id: try row.id(0).bytes, selectionID: try row.id(1).bytes, object: try row.string(2),
                filterExpression: try row.string(3), enabled: try row.bool(4),
                allowsWriting: row.isNull(5) ? nil : try row.int32(5) == ShareAccess.write.rawValue,
                untilTime: try row.optionalTimestamp(6), userIDs: try row.ids(7).map(\.bytes),
                unitIDs: try row.ids(8).map(\.bytes), roleIDs: try row.ids(9).map(\.bytes),
                parentObject: try row.optionalString(10))
        }
    }

    private static let selectUnits = Statement(
        "SELECT id, parent_department_id, deleted_at IS NOT NULL FROM {schema}.departments ORDER BY id")

    /// All departments: records of a deleted one are still those of the departments above it.
    static let units = Query(selectUnits)

    static func units(_ rows: Rows) throws -> [PolicyUnit] {
        try rows.map { row in
            PolicyUnit(
                id: try row.id(0).bytes, parentID: try row.optionalID(1)?.bytes,
                deleted: try row.bool(2) ? true : nil)
        }
    }

    private static let selectUsers = Statement(
        """
        SELECT id, department_id, coalesce(role_ids, '{}'::uuid[]) FROM {schema}.users
        WHERE deleted_at IS NULL AND disabled IS NOT TRUE ORDER BY id
        """)

    static let users = Query(selectUsers)

    static func users(_ rows: Rows) async throws -> [PolicyUser] {
        var pace = Pace()
        return try await pace.map(rows) { row in
            PolicyUser(
                id: try row.id(0).bytes, unitID: try row.optionalID(1)?.bytes,
                roleIDs: try row.ids(2).map(\.bytes))
        }
    }
}
