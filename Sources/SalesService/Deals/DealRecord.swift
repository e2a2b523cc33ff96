import Records
import SalesContracts
import Tenancy

/// Deals: chances to sell.
enum DealRecord {
    static let type = RecordType(
        Deal.self,
        fields: [
            .field("display_name", .required, .line(200), .indexed, .foundByPart),
            .field("pipeline_id", .filled, .immutable, .reference(.record("pipeline")), .copy(of: "stage.pipeline_id")),
            .field("stage_id", .filled, .immutable, .reference(.record("stage"))),
            .field("account_id", .reference(.remote("account", in: .customer))),
            .field("contact_id", .reference(.remote("contact", in: .customer))),
            .field("amount", .range(0...Int64.max), .indexed),
            .field("close_date", .indexed),
            .field("outcome_reason", .line(500)),
            .field("stage_enter_time", .filled, .outputOnly),
            .field("external_id", .line(100), .unique("deals_external_id_key")),
            .field("description", .lines(10_000)),
        ],
        // What was won or lost stays with who won or lost it.
        rules: RecordRules(
            guard: DealRules.keep, follow: DealRules.tellHistory, handover: { _ in "stage.category = open" }),
        purge: PurgeRules(belongings: [TableColumn("stage_changes", "deal_id")]))
}
