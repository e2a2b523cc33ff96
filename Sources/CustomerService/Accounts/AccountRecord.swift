import CustomerContracts
import Records

/// Accounts: companies and persons that the tenant does business with.
enum AccountRecord {
    static let type = RecordType(
        Account.self,
        fields: [
            .field("display_name", .required, .line(200), .indexed, .foundByPart),
            .field("external_id", .line(100), .unique("accounts_external_id_key")),
            .field("industry", .line(100)),
            .field("phone", .format(.phone), .foundByPart),
            .field("email", .format(.email), .foundByPart),
            .field("website", .format(.url), .foundByPart),
            .field("tax_id", .line(50), .unique("accounts_tax_id_key")),
            .field("street", .line(200)),
            .field("city", .line(100)),
            .field("region", .line(100)),
            .field("postal_code", .line(20)),
            .field("country_code", .format(.country)),
            .field("annual_revenue", .range(0...Int64.max)),
            .field("parent_account_id", .reference(.record("account"))),
            .field("description", .lines(10_000)),
        ],
        rules: RecordRules(
            guard: ParentAccount.refuseCycle, follow: LinkLifetime.followAccount))
}
