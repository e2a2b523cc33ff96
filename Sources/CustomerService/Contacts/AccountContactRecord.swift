import AccessControl
import Contracts
import Records
import Tenancy

/// Links of accounts and contacts.
enum AccountContactRecord {
    static let type = RecordType(
        message: AccountContact.descriptor, object: "account_contact", table: "account_contacts", service: .customer,
        ownership: .owned,
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
        rules: RecordRules(guard: LinkLifetime.requireEnds))
}
