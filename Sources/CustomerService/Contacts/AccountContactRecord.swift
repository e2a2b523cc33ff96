import CustomerContracts
import Records

/// Links of accounts and contacts.
enum AccountContactRecord {
    static let type = RecordType(
        AccountContact.self,
        fields: [
            .field("account_id", .required, .immutable, .reference(.record("account"))),
            .field("contact_id", .required, .immutable, .reference(.record("contact"))),
            .field("role", .line(100)),
            .field("job_title", .line(100)),
        ],
        constraints: [
            ConstraintRule(
                "account_contacts_contact_id_key", fields: ["account_id", "contact_id"],
                reason: "CONTACT_ALREADY_LINKED"),
            ConstraintRule(
                "account_contacts_primary_contact_key", fields: ["primary_contact"], reason: "PRIMARY_CONTACT_TAKEN"),
        ],
        rules: RecordRules(guard: LinkLifetime.requireEnds),
        purge: PurgeRules(partOf: ["account_id", "contact_id"]))
}
