package import Migrations
import Tenancy

/// The tables of a tenant's customer data.
package enum CustomerMigrations {
    package static let stream = MigrationStream(
        name: "customer", kind: .tenant(.customer),
        migrations: [
            Migration(number: 1, name: "create_accounts", sql: PackageResources.customer_0001_create_accounts_sql),
            Migration(number: 2, name: "create_contacts", sql: PackageResources.customer_0002_create_contacts_sql),
            Migration(number: 3, name: "create_activities", sql: PackageResources.customer_0003_create_activities_sql),
            Migration(number: 4, name: "index_sort_orders", sql: PackageResources.customer_0004_index_sort_orders_sql),
            Migration(
                number: 5, name: "end_dangling_links", sql: PackageResources.customer_0005_end_dangling_links_sql),
            Migration(number: 6, name: "create_leads", sql: PackageResources.customer_0006_create_leads_sql),
            Migration(number: 7, name: "leave_out_nulls", sql: PackageResources.customer_0007_leave_out_nulls_sql),
            Migration(
                number: 8, name: "create_mirror_feeds", sql: PackageResources.customer_0008_create_mirror_feeds_sql),
            Migration(number: 9, name: "allow_purges", sql: PackageResources.customer_0009_allow_purges_sql),
            Migration(
                number: 10, name: "create_custom_records", sql: PackageResources.customer_0010_create_custom_records_sql
            ),
            Migration(number: 11, name: "create_search", sql: PackageResources.customer_0011_create_search_sql),
            Migration(
                number: 12, name: "tell_search_shapes", sql: PackageResources.customer_0012_tell_search_shapes_sql),
            Migration(number: 13, name: "add_shares", sql: PackageResources.customer_0013_add_shares_sql),
            Migration(
                number: 14, name: "create_unique_values",
                sql: PackageResources.customer_0014_create_unique_values_sql),
            Migration(
                number: 15, name: "keep_normal_forms", sql: PackageResources.customer_0015_keep_normal_forms_sql),
            Migration(number: 16, name: "add_tags", sql: PackageResources.customer_0016_add_tags_sql),
            Migration(
                number: 17, name: "add_sharing_selections",
                sql: PackageResources.customer_0017_add_sharing_selections_sql),
            Migration(
                number: 18, name: "tell_formula_shapes", sql: PackageResources.customer_0018_tell_formula_shapes_sql),
            Migration(
                number: 19, name: "keep_zeros_of_numbers",
                sql: PackageResources.customer_0019_keep_zeros_of_numbers_sql),
            Migration(number: 20, name: "mark_roll_ups", sql: PackageResources.customer_0020_mark_roll_ups_sql),
            Migration(
                number: 21, name: "mark_roll_ups_of_others",
                sql: PackageResources.customer_0021_mark_roll_ups_of_others_sql),
            Migration(number: 22, name: "index_parts", sql: PackageResources.customer_0022_index_parts_sql),
            Migration(
                number: 23, name: "mark_shared_parents", sql: PackageResources.customer_0023_mark_shared_parents_sql),
            Migration(
                number: 24, name: "index_shared_parents", sql: PackageResources.customer_0024_index_shared_parents_sql),
        ],
        rights: TableRights.purged("accounts", "contacts", "account_contacts", "activities", "leads", "custom_records")
            + TableRights.added("custom_objects") + TableRights.kept("record_numbers", changing: ["last"])
            + TableRights.mirrored(
                "search_entries", "search_builds", "search_shapes", "unique_values", "unique_builds", "formula_shapes",
                "roll_up_marks", "shared_parent_marks")
            + TableRights.kept(
                "sharing_places", changing: ["selection_ids", "looked_to", "looked_count", "changed_count"])
            + TableRights.kept("mirror_feeds", changing: ["fence", "rebuilt_to", "begun_at", "told_fence"]))
}
