package import Migrations
import Tenancy

/// The tables of identity, in the order in which they came to be.
package enum IdentityMigrations {
    /// The schema `directory`: tenants, placements, operators, sessions.
    package static let directoryStream = MigrationStream(
        name: "directory", kind: .directory,
        migrations: [
            Migration(
                number: 1, name: "create_tenants", sql: PackageResources.directory_0001_create_tenants_sql),
            Migration(
                number: 2, name: "create_tenant_setups",
                sql: PackageResources.directory_0002_create_tenant_setups_sql),
            Migration(
                number: 3, name: "create_placements",
                sql: PackageResources.directory_0003_create_placements_sql),
            Migration(
                number: 4, name: "create_operators", sql: PackageResources.directory_0004_create_operators_sql
            ),
            Migration(
                number: 5, name: "create_sessions", sql: PackageResources.directory_0005_create_sessions_sql),
            Migration(
                number: 6, name: "create_refresh_tokens",
                sql: PackageResources.directory_0006_create_refresh_tokens_sql),
            Migration(
                number: 7, name: "create_sign_in_failures",
                sql: PackageResources.directory_0007_create_sign_in_failures_sql),
            Migration(
                number: 8, name: "create_policy_marks",
                sql: PackageResources.directory_0008_create_policy_marks_sql),
            Migration(
                number: 9, name: "scope_sign_in", sql: PackageResources.directory_0009_scope_sign_in_sql),
            Migration(
                number: 10, name: "tie_sessions_to_tenants",
                sql: PackageResources.directory_0010_tie_sessions_to_tenants_sql),
            Migration(
                number: 11, name: "open_service_names",
                sql: PackageResources.directory_0011_open_service_names_sql),
            Migration(
                number: 12, name: "know_record_types", sql: PackageResources.directory_0012_know_record_types_sql),
            Migration(
                number: 13, name: "guard_tenant_states",
                sql: PackageResources.directory_0013_guard_tenant_states_sql),
            Migration(
                number: 14, name: "know_actions", sql: PackageResources.directory_0014_know_actions_sql),
        ],
        rights: directoryRights)

    /// Whose a row is stays as it was; the row of a tenant goes only by the provisioner.
    private static let directoryRights = [
        TableRights.kept(
            "tenants",
            changing: [
                "state", "policy_epoch", "policy_changed_at", "suspend_comment", "updated_at",
                "purge_at", "known_objects", "known_actions",
            ]),
        TableRights.kept("placements", changing: ["database_name", "partition", "schema_version"]),
        TableRights.kept(
            "operators", changing: ["password_hash", "known_networks", "last_sign_in_at", "updated_at"]),
        TableRights.passing("tenant_setups", changing: ["leased_until", "attempts", "last_error"]),
        TableRights.passing("sessions", changing: ["expires_at", "revoked_at"]),
        TableRights.passing("refresh_tokens", changing: ["replaced_at", "sealed_successor", "revoked_at"]),
        TableRights.passing("sign_in_failures", changing: ["failed_at", "last_failed_at"]),
        TableRights.passing("policy_marks", changing: ["marked_at"]),
    ].flatMap(\.self)

    /// The schema of each tenant: departments, roles, users, credentials.
    package static let tenantStream = MigrationStream(
        name: "identity", kind: .tenant(.identity),
        migrations: [
            Migration(
                number: 1, name: "create_departments",
                sql: PackageResources.identity_0001_create_departments_sql),
            Migration(number: 2, name: "create_roles", sql: PackageResources.identity_0002_create_roles_sql),
            Migration(number: 3, name: "create_users", sql: PackageResources.identity_0003_create_users_sql),
            Migration(
                number: 4, name: "create_credentials",
                sql: PackageResources.identity_0004_create_credentials_sql),
            Migration(
                number: 5, name: "extend_credentials",
                sql: PackageResources.identity_0005_extend_credentials_sql),
            Migration(
                number: 6, name: "tell_creations", sql: PackageResources.identity_0006_tell_creations_sql),
            Migration(
                number: 7, name: "create_settings", sql: PackageResources.identity_0007_create_settings_sql),
            Migration(
                number: 8, name: "keep_deleted_records",
                sql: PackageResources.identity_0008_keep_deleted_records_sql),
            Migration(
                number: 9, name: "create_field_definitions",
                sql: PackageResources.identity_0009_create_field_definitions_sql),
            Migration(
                number: 10, name: "create_object_definitions",
                sql: PackageResources.identity_0010_create_object_definitions_sql),
            Migration(
                number: 11, name: "create_saved_views", sql: PackageResources.identity_0011_create_saved_views_sql),
            Migration(
                number: 12, name: "extend_field_definitions",
                sql: PackageResources.identity_0012_extend_field_definitions_sql),
            Migration(
                number: 13, name: "make_fields_unique", sql: PackageResources.identity_0013_make_fields_unique_sql),
            Migration(
                number: 14, name: "let_fields_name_records",
                sql: PackageResources.identity_0014_let_fields_name_records_sql),
            Migration(
                number: 15, name: "version_settings", sql: PackageResources.identity_0015_version_settings_sql),
            Migration(number: 16, name: "create_tags", sql: PackageResources.identity_0016_create_tags_sql),
            Migration(
                number: 17, name: "create_sharing_rules",
                sql: PackageResources.identity_0017_create_sharing_rules_sql),
            Migration(
                number: 18, name: "create_choice_lists", sql: PackageResources.identity_0018_create_choice_lists_sql),
            Migration(number: 19, name: "add_formulas", sql: PackageResources.identity_0019_add_formulas_sql),
            Migration(
                number: 20, name: "version_models", sql: PackageResources.identity_0020_version_models_sql),
            Migration(number: 21, name: "index_fields", sql: PackageResources.identity_0021_index_fields_sql),
            Migration(number: 22, name: "add_roll_ups", sql: PackageResources.identity_0022_add_roll_ups_sql),
            Migration(
                number: 23, name: "create_validation_rules",
                sql: PackageResources.identity_0023_create_validation_rules_sql),
            Migration(
                number: 24, name: "let_rules_follow", sql: PackageResources.identity_0024_let_rules_follow_sql),
            Migration(
                number: 25, name: "change_field_kinds", sql: PackageResources.identity_0025_change_field_kinds_sql),
            Migration(number: 26, name: "add_digests", sql: PackageResources.identity_0026_add_digests_sql),
        ],
        rights: TableRights.kept(
            "departments", "roles", "users", "credentials", "field_definitions", "object_definitions", "saved_views",
            "tags", "sharing_rules", "choice_lists", "validation_rules")
            + [
                TableRights("field_definitions_number_seq", "USAGE"),
                TableRights("object_definitions_number_seq", "USAGE"),
            ]
            + TableRights.changed("settings", changing: ["version"])
            + TableRights.kept("settings_versions", changing: ["settings", "cancelled_at"])
            + TableRights.passing("model_versions", changing: ["undoing_version"]))
}
