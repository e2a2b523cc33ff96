import AccessControl
import Contracts
import Records
import Tenancy

/// Accounts: companies and persons that the tenant does business with.
enum AccountRecord {
    static let type = RecordType(
        message: Account.descriptor, object: "account", table: "accounts", service: .customer, ownership: .owned,
        fields: [
            .field("display_name", .required, .length(1...200), .searchable),
            .field("external_id", .length(1...100), .unique("accounts_external_id_key")),
            .field("industry", .length(1...100)),
            .field("phone", .format(.phone), .personal),
            .field("email", .format(.email), .personal),
            .field("website", .format(.url)),
            .field("tax_id", .length(1...50), .unique("accounts_tax_id_key")),
            .field("street", .length(1...200)),
            .field("city", .length(1...100)),
            .field("region", .length(1...100)),
            .field("postal_code", .length(1...20)),
            .field("country_code", .format(.country)),
            .field("annual_revenue", .range(0...Int64.max)),
            .field("parent_account_id", .reference(.record("account"))),
            .field("description", .length(1...10_000)),
        ],
        hooks: RecordHooks(
            beforeWrite: ParentAccount.refuseCycle, beforeLifetimeChange: LinkLifetime.followAccount))
}
