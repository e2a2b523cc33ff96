import Contracts
import Records
package import ServiceHost
import Tenancy

/// Accounts, contacts, leads and what happens with them.
package enum CustomerService {
    package static let definition = ServiceDefinition(
        CustomerMigrations.stream,
        records: [
            AccountRecord.type, ContactRecord.type, AccountContactRecord.type, ActivityRecord.type, LeadRecord.type,
        ],
        mirroredBy: [MirrorFeed(AccountRecord.type, to: .sales)], purgesDeleted: true, isSearched: true)
}
