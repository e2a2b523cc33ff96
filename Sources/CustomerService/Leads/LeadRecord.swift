import CustomerContracts
import Records

/// Leads: persons and companies that may become customers.
enum LeadRecord {
    static let type = RecordType(
        Lead.self,
        fields: [
            .field("given_name", .line(100), .foundByPart),
            .field("family_name", .line(100), .foundByPart),
            .field("company_name", .line(200), .foundByPart),
            .field("job_title", .line(100)),
            .field("email", .format(.email), .foundByPart),
            .field("phone", .format(.phone), .foundByPart),
            .field("website", .format(.url), .foundByPart),
            .field("city", .line(100)),
            .field("country_code", .format(.country)),
            .field("source", .line(100)),
            .field("status", .filled),
            .field("account_id", .reference(.record("account"))),
            .field("contact_id", .reference(.record("contact"))),
            .field("estimated_value", .range(0...Int64.max)),
            .field("next_action_time", .indexed),
            .field("external_id", .line(100), .unique("leads_external_id_key")),
            .field("description", .lines(10_000)),
        ],
        rules: RecordRules(
            fill: { change in
                if !change.after.isSet("status") { change.after.set("status", Int64(LeadStatus.new.rawValue)) }
                try trace.requireReadable(change)
            }, validate: { trace.violations($0) }))

    /// Forms on web pages often ask for an e-mail address and nothing else.
    private static let trace = SomeName(
        fields: ["email", "phone", "given_name", "family_name", "company_name"],
        description: "A lead has a name, a company, an e-mail address or a phone number; "
            + "set given_name, family_name, company_name, email or phone.")
}
