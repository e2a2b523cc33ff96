package import Migrations
import Tenancy

/// The tables of a tenant's sales data.
package enum SalesMigrations {
    package static let stream = MigrationStream(
        name: "sales", kind: .tenant(.sales),
        migrations: [
            Migration(number: 1, name: "create_pipelines", sql: PackageResources.sales_0001_create_pipelines_sql),
            Migration(number: 2, name: "create_deals", sql: PackageResources.sales_0002_create_deals_sql),
            Migration(
                number: 3, name: "add_default_pipeline", sql: PackageResources.sales_0003_add_default_pipeline_sql),
            Migration(number: 4, name: "index_sort_orders", sql: PackageResources.sales_0004_index_sort_orders_sql),
            Migration(number: 5, name: "add_outcome_rules", sql: PackageResources.sales_0005_add_outcome_rules_sql),
            Migration(number: 6, name: "tell_creations", sql: PackageResources.sales_0006_tell_creations_sql),
            Migration(number: 7, name: "leave_out_nulls", sql: PackageResources.sales_0007_leave_out_nulls_sql),
            Migration(number: 8, name: "tell_programs", sql: PackageResources.sales_0008_tell_programs_sql),
            Migration(number: 9, name: "mirror_accounts", sql: PackageResources.sales_0009_mirror_accounts_sql),
            Migration(number: 10, name: "allow_purges", sql: PackageResources.sales_0010_allow_purges_sql),
            Migration(number: 11, name: "create_search", sql: PackageResources.sales_0011_create_search_sql),
            Migration(
                number: 12, name: "tell_search_shapes", sql: PackageResources.sales_0012_tell_search_shapes_sql),
            Migration(number: 13, name: "add_shares", sql: PackageResources.sales_0013_add_shares_sql),
            Migration(
                number: 14, name: "create_unique_values",
                sql: PackageResources.sales_0014_create_unique_values_sql),
            Migration(number: 15, name: "add_tags", sql: PackageResources.sales_0015_add_tags_sql),
            Migration(
                number: 16, name: "add_sharing_selections",
                sql: PackageResources.sales_0016_add_sharing_selections_sql),
            Migration(
                number: 17, name: "tell_formula_shapes", sql: PackageResources.sales_0017_tell_formula_shapes_sql),
            Migration(number: 18, name: "mark_roll_ups", sql: PackageResources.sales_0018_mark_roll_ups_sql),
            Migration(
                number: 19, name: "mark_roll_ups_of_others",
                sql: PackageResources.sales_0019_mark_roll_ups_of_others_sql),
            Migration(number: 20, name: "index_parts", sql: PackageResources.sales_0020_index_parts_sql),
            Migration(
                number: 21, name: "mark_shared_parents", sql: PackageResources.sales_0021_mark_shared_parents_sql),
            Migration(
                number: 22, name: "index_shared_parents", sql: PackageResources.sales_0022_index_shared_parents_sql),
        ],
        rights: TableRights.purged("pipelines", "stages", "deals") + TableRights.added("stage_changes")
            + TableRights.mirrored(
                "account_mirror", "search_entries", "search_builds", "search_shapes", "unique_values", "unique_builds",
                "formula_shapes", "roll_up_marks", "shared_parent_marks")
            + TableRights.kept(
                "sharing_places", changing: ["selection_ids", "looked_to", "looked_count", "changed_count"])
            + TableRights.kept("mirrors", changing: ["fence", "fields"]))
}
