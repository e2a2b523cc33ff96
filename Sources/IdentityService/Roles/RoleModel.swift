import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records

/// What roles name of the workspace's own model.
enum RoleModel {
    /// Refuses new grants and field policies on objects and fields that the workspace has not defined: a name with a mistake would leave open
    /// what it was to hide. What names something that was deleted since may stay.
    static func requireDefined(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let (role, before) = (change.value(Role.self), change.before?.value(Role.self))
        let known = Set(
            (before?.grants ?? []).compactMap(\.object) + (before?.fieldPolicies ?? []).compactMap(\.object))
        let knownFields = Set((before?.fieldPolicies ?? []).compactMap(Field.init))
        var objects: [(place: String, reason: String, name: String)] = []
        for (index, grant) in role.grants.enumerated() {
            if let name = own(grant.object) { objects.append(("grants[\(index)].object", "GRANT_INVALID", name)) }
        }
        var fields: [(place: String, field: Field)] = []
        for (index, policy) in role.fieldPolicies.enumerated() {
            if let name = own(policy.object) {
                objects.append(("field_policies[\(index)].object", "FIELD_POLICY_INVALID", name))
            }
            if let field = Field(policy) { fields.append(("field_policies[\(index)].field", field)) }
        }
        objects.removeAll { known.contains(TenantObject.prefix + $0.name) }
        fields.removeAll { knownFields.contains($0.field) }
        guard !objects.isEmpty || !fields.isEmpty else { return }
        let defined = Set(
            try await transaction.query(Query(findObjects) { $0.append(objects.map(\.name)) }).map { try $0.string(0) })
        let definedFields = Set(
            try await transaction.query(
                Query(findFields) {
                    $0.append(fields.map(\.field.object))
                    $0.append(fields.map(\.field.name))
                }
            ).map { Field(object: try $0.string(0), name: try $0.string(1)) })
        let violations =
            objects.filter { !defined.contains($0.name) }.map { place, reason, name in
                FieldViolation(
                    field: place, reason: reason,
                    description:
                        "The workspace has no object \(TenantObject.prefix)\(name); define it first, or mend the name.")
            }
            + fields.filter { !definedFields.contains($0.field) }.map { place, field in
                FieldViolation(
                    field: place, reason: "FIELD_POLICY_INVALID",
                    description:
                        "\(field.object) has no field \(TenantField.prefix)\(field.name); add it first, or mend the name."
                )
            }
        guard violations.isEmpty else { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
    }

    /// A field that workspaces add.
    private struct Field: Hashable {
        let object: String
        /// As in `size`.
        let name: String

        init(object: String, name: String) { (self.object, self.name) = (object, name) }

        /// Nil for a policy on another one.
        init?(_ policy: Contracts.FieldPolicy) {
            guard let object = policy.object, let path = policy.field, path.hasPrefix(TenantField.prefix) else {
                return nil
            }
            self.init(object: object, name: String(path.dropFirst(TenantField.prefix.count)))
        }
    }

    /// The name of an object that workspaces define; nil for another one.
    private static func own(_ object: String?) -> String? {
        object.flatMap { TenantObject.isObject($0) ? String($0.dropFirst(TenantObject.prefix.count)) : nil }
    }

    private static let findObjects = Statement(
        "SELECT name FROM {schema}.object_definitions WHERE name = ANY ($1) AND deleted_at IS NULL")

    private static let findFields = Statement(
        """
        SELECT object, name FROM {schema}.field_definitions
        WHERE (object, name) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND deleted_at IS NULL
        """)
}
